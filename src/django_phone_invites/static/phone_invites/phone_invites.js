// Every page works without this file; with it, people wait, type and copy less.
"use strict";
{
  const all = (selector) => [...document.querySelectorAll(selector)];
  const status = document.querySelector("[data-pi-status]");

  // A live region says nothing when its text stays the same: empty it first.
  const say = (text) => {
    if (!status) return;
    status.textContent = "";
    setTimeout(() => { status.textContent = text; }, 50);
  };

  // Forms: once, with a sign of work. The button is not disabled: it would lose focus, name and value.
  const release = (form) => form.removeAttribute("data-pi-submitting");
  for (const form of all("form[data-pi-busy]")) {
    form.addEventListener("submit", (event) => {
      if (form.hasAttribute("data-pi-submitting")) return event.preventDefault();
      form.setAttribute("data-pi-submitting", "");
      say(form.dataset.piBusy);
      setTimeout(release, 15000, form); // for who has stopped the page from loading
    });
  }
  addEventListener("pageshow", () => all("[data-pi-submitting]").forEach(release));

  // Clocks run on what is left, not on the time of day: the person's clock may be wrong.
  const countDown = (seconds, tick, end) => {
    const until = Date.now() + seconds * 1000;
    const step = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) return tick(left);
      clearInterval(timer);
      end();
    };
    const timer = setInterval(step, 1000);
    step();
  };

  // Firefox keeps a button disabled over a reload.
  for (const button of all("button[name=resend]")) button.disabled = false;

  for (const form of all("[data-pi-resend]")) {
    const [button, wait, clock, ready] = ["button", "[data-pi-wait]", "[data-pi-clock]", "[data-pi-ready]"]
      .map((selector) => form.querySelector(selector));
    if (!button || !wait || !clock || !ready) continue;
    button.disabled = true;
    countDown(Number(form.dataset.piResend), (left) => {
      clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    }, () => {
      button.disabled = false;
      wait.hidden = true;
      ready.hidden = false;
      say(ready.textContent);
    });
  }

  for (const note of all("[data-pi-expires]")) {
    countDown(Number(note.dataset.piExpires), () => {}, () => { note.hidden = false; });
  }

  for (const form of all("form[data-pi-code]")) {
    const length = Number(form.dataset.piCode);
    const input = form.querySelector("input:not([type=hidden])");
    const button = form.querySelector("button");
    const advice = document.getElementById("pi-code-advice");
    if (!input || !button) continue;

    // Sending what was pasted or filled in is a change of context: say so beforehand (WCAG 3.2.2).
    if (advice) {
      input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") || ""} ${advice.id}`.trim());
    }

    // "Your code: 123 456" and the whole message both hold one run of that many digits.
    const run = new RegExp(`(?:^|\\D)((?:\\d[ \\-\\u00a0]?){${length - 1}}\\d)(?!\\d)`);
    const digits = (text) => text.normalize("NFKC").replace(/\D/g, "");
    const find = (text) => digits((run.exec(text.normalize("NFKC")) || ["", ""])[1]);
    let known = 0;
    const send = (code) => {
      input.value = code;
      known = code.length;
      button.click(); // not form.submit(): validation and the handlers above count
    };

    input.addEventListener("paste", (event) => {
      const code = find(event.clipboardData.getData("text"));
      if (!code) return;
      event.preventDefault(); // before maxlength cuts the text
      send(code);
    });

    // Typing never sends by itself: a slip in the last digit would cost an attempt.
    input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      const value = digits(input.value).slice(0, length);
      if (value !== input.value) input.value = value;
      const filledAtOnce = value.length === length && value.length - known > 1;
      known = value.length;
      if (filledAtOnce && !String(event.inputType).startsWith("history")) send(value);
    });

    if ("OTPCredential" in window) {
      const waiting = new AbortController();
      document.addEventListener("submit", () => waiting.abort());
      navigator.credentials.get({ otp: { transport: ["sms"] }, signal: waiting.signal })
        .then((otp) => { if (otp && find(otp.code)) send(find(otp.code)); })
        .catch(() => {}); // refused, timed out or aborted: people type
    }
  }

  if (navigator.clipboard) {
    for (const button of all("[data-pi-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(button.dataset.piCopy);
        } catch {
          return; // not allowed: the text can still be selected
        }
        button.classList.add("pi-is-done");
        say(button.dataset.piCopied);
        setTimeout(() => button.classList.remove("pi-is-done"), 2000);
      });
    }
  }

  if (navigator.share) {
    for (const button of all("[data-pi-share]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        navigator.share({ text: button.dataset.piShareText, url: button.dataset.piShare }).catch(() => {});
      });
    }
  }
}
