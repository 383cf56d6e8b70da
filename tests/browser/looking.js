// What a page must keep to, asked inside the page. Each function answers sentences; an empty list is a sound page.
window.iokLooks = (() => {
  const all = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const name = (one) => `${one.tagName} ${(one.className || '').toString().slice(0, 40)} „${one.textContent.trim().slice(0, 30)}”`;
  const CONTROLS = 'a[href], button, input:not([type=hidden]), select, textarea, summary';

  // Wider than the screen: the page itself, or a part that cannot be reached by the keyboard to be scrolled.
  function width() {
    const wide = [];
    const edge = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > edge) {
      const culprits = all('body *').filter((one) => one.getBoundingClientRect().right > edge + 1);
      wide.push('page: ' + culprits.slice(0, 3).map(name).join(', '));
    }
    for (const one of document.querySelectorAll('body *')) {
      const scrolls = /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1;
      if (scrolls && one.tabIndex < 0) wide.push('unreachable: ' + name(one));
    }
    return wide;
  }

  // Text that its own box cuts off; what is for the ear alone is one pixel wide, or clipped away.
  function clipped() {
    return all('body *')
      .filter((one) => /hidden|clip/.test(getComputedStyle(one).overflow) && one.clientWidth > 1 && one.innerText?.trim())
      .filter((one) => getComputedStyle(one).clipPath === 'none')
      .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
      .map((one) => 'clipped: ' + name(one));
  }

  // Text with so little room beside something else that it stands one letter below the other.
  function squeezed() {
    return all('body *')
      .filter((one) => one.clientWidth > 1 && one.innerText?.trim().length > 3 && !one.querySelector('*'))
      .map((one) => [one, one.getBoundingClientRect(), parseFloat(getComputedStyle(one).fontSize)])
      .filter(([, box, size]) => box.width < 2 * size && box.height > 4 * size)
      .map(([one]) => 'squeezed: ' + name(one));
  }

  // Smaller than 24 pixels either way (WCAG 2.5.8), where a link inside a sentence may be; main actions below 44.
  function targets() {
    const small = all(CONTROLS)
      .filter((one) => !one.closest('.govuk-skip-link'))
      .filter((one) => !(one.tagName === 'A' && getComputedStyle(one).display === 'inline'))
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24));
    const low = all('main .govuk-button:not(.iok-copy), .iok-side a')
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.height < 43.9 || box.width < 43.9);
    return [...small, ...low].map(([one, box]) => `small: ${name(one)} ${box.width}x${box.height}`);
  }

  // Words that components and browsers say in English when nobody gave them a Polish one. Machine text is left out.
  const ENGLISH = new RegExp('\\b(the|and|of|your|you|are|this|that|with|error|warning|show|hide|close|back|search|choose'
    + '|file|files|there|problem|toggle|must|select|password|skip|loading|submit|cancel|optional|page)\\b', 'i');
  function english() {
    const spoken = [];
    const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const machine = text.parentElement.closest('script, style, noscript, code, pre, samp, [translate=no], [lang]:not([lang=pl])');
      if (!machine) spoken.push(text.data);
    }
    for (const one of document.querySelectorAll('[aria-label], [title], [alt], [placeholder]')) {
      spoken.push(...['aria-label', 'title', 'alt', 'placeholder'].map((given) => one.getAttribute(given) ?? ''));
    }
    return spoken.filter((text) => ENGLISH.test(text)).map((text) => 'english: ' + text.trim().slice(0, 60));
  }

  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const opaque = (colour) => { const given = numbers(colour); return given.length === 3 || given[3] > 0.5; };
  function luminance(colour) {
    const [red, green, blue] = numbers(colour).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function stands_out(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05) >= 3;
  }
  function backdrop(one) {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (opaque(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  }
  function drawn(one) {
    const beside = /radio|checkbox/.test(one.type) ? one.parentElement.querySelector('label') : null;
    const styles = [getComputedStyle(one), ...(beside ? [getComputedStyle(beside, '::before')] : [])];
    return styles.map((style) => ({
      outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
      outlineColour: style.outlineColor,
      automatic: style.outlineStyle === 'auto',
      shadow: style.boxShadow,
      paper: style.backgroundColor,
      border: `${style.borderBottomWidth} ${style.borderBottomColor}`,
    }));
  }
  function differs(before, after, around) {
    return after.some((now, place) => {
      const then = before[place];
      const shadow = now.shadow.match(/rgba?\([^)]*\)/g) ?? [];
      return now.automatic
        || (now.outline >= 2 && opaque(now.outlineColour) && stands_out(now.outlineColour, around))
        || (now.shadow !== then.shadow && shadow.some((colour) => opaque(colour) && stands_out(colour, around)))
        || (now.paper !== then.paper && stands_out(now.paper, opaque(then.paper) ? then.paper : around));
    });
  }

  // Controls on which the focus is not seen: nothing is drawn that stands out (3:1) from what was there before.
  function focus() {
    const kept = document.activeElement;
    const found = [];
    const reached = all(`${CONTROLS}, [tabindex="0"]`).filter((one) => one.tabIndex >= 0 && !one.disabled)
      .filter((one) => !one.matches('.govuk-skip-link')); // itself unseen without the focus
    for (const one of reached) {
      one.focus({ preventScroll: true });
      if (document.activeElement !== one) continue;
      const after = drawn(one);
      one.blur();
      if (!differs(drawn(one), after, backdrop(one.parentElement))) found.push('focus unseen: ' + name(one));
    }
    kept?.focus?.({ preventScroll: true });
    return found;
  }

  return { width, clipped, squeezed, targets, english, focus, focusSeenOn: (one) => {
    const after = drawn(one);
    one.blur();
    const seen = differs(drawn(one), after, backdrop(one.parentElement));
    one.focus({ preventScroll: true });
    return seen;
  } };
})();
