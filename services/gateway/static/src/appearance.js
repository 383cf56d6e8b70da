// Text size and contrast change at once, without leaving the page and what is written on it.
// Without this script the same form does it by a full reload.
(() => {
  const root = document.documentElement;
  const form = document.getElementById('wyglad');
  if (!form) return;

  form.addEventListener('submit', async (event) => {
    const button = event.submitter;
    if (!button) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, button));
    try {
      await fetch(form.action, { method: 'POST', body: fields, redirect: 'manual' });
    } catch {
      return; // the server is away: nothing changes, and the next click tries again
    }
    root.dataset[button.name] = button.value;
    for (const other of form.elements) {
      if (other.name === button.name) other.setAttribute('aria-pressed', String(other === button));
    }
  });
})();
