// Sends the form that leads on to another site; without this, its button does.
document.querySelector('form[data-send]')?.submit();
