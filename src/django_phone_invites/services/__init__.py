"""What people do. No request, no form, no view: skins call these and answer."""
