"""The pages: server-rendered Polish HTML, a file per deed, all of them working without JavaScript."""
