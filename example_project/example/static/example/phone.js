// Messages appear without a reload: at once when the page is looked at again, else every five seconds.
"use strict";
{
  const refresh = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer || !answer.ok) return; // the server was stopped: the messages stay
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [shown, fresh] = [document, page].map((each) => each.querySelector("[data-messages]"));
    // Left alone where nothing is new, so that a code can be selected.
    if (shown.innerHTML !== fresh.innerHTML) shown.replaceWith(fresh);
  };
  document.addEventListener("visibilitychange", refresh);
  setInterval(refresh, 5000);
}
