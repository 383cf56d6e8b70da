// Starts the components of forms: focus on the error summary, „Pokaż” beside a password, one submit per double click.
import { initAll } from './govuk-frontend.min.js';

document.body.classList.add('js-enabled', 'govuk-frontend-supported');
initAll();

// Whoever types another amount means that one.
document.querySelector('input[name="kwota"]')?.addEventListener('input', () => {
  document.querySelector('input[name="choice"][value="other"]').checked = true;
});
