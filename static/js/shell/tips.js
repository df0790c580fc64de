// Explanations on hover, focus and long press for anything that carries data-tip.
const LONG_PRESS_MILLISECONDS = 450;
let box = null;
let pressed = 0;

function hide() {
  if (box) box.remove();
  box = null;
}

function show(target) {
  hide();
  const text = target.dataset.tip;
  if (!text) return;
  box = document.createElement('div');
  box.className = 'tip';
  box.setAttribute('role', 'tooltip');
  box.textContent = text;
  document.body.append(box);
  const place = target.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(place.left, innerWidth - size.width - 8));
  const below = place.bottom + 8 + size.height < innerHeight;
  box.style.left = `${left}px`;
  box.style.top = `${below ? place.bottom + 8 : place.top - size.height - 8}px`;
}

const holder = (event) => (event.target instanceof Element ? event.target.closest('[data-tip]') : null);

export function watchTips() {
  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'touch') return;
    const target = holder(event);
    if (target) show(target);
    else hide();
  });
  document.addEventListener('focusin', (event) => {
    const target = holder(event);
    if (target && target.matches(':focus-visible')) show(target);
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', (event) => {
    hide();
    const target = holder(event);
    if (target && event.pointerType === 'touch') pressed = setTimeout(() => show(target), LONG_PRESS_MILLISECONDS);
  });
  document.addEventListener('pointerup', () => clearTimeout(pressed));
  document.addEventListener('pointercancel', () => clearTimeout(pressed));
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });
  addEventListener('scroll', hide, true);
}
