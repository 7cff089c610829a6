// The code of an invitation, for a phone's camera. What it says comes behind the # of this page's address, which a browser
// tells no server: the secret goes from the terminal to the screen, and over no network.
import { encode } from './uqr.js';
import { isInvitation } from './words.js';

/** Light modules around it (ISO/IEC 18004, 9.1). */
const QUIET_ZONE = 4;
const SVG = 'http://www.w3.org/2000/svg';

const element = (id) => document.getElementById(id);

/** One path for all dark modules, so that no line shows between them. */
function drawing(text) {
  const { data, size } = encode(text, { border: QUIET_ZONE });
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'The code of the invitation');
  const dark = data.flatMap((row, y) => row.flatMap((is, x) => (is ? [`M${x} ${y}h1v1h-1z`] : [])));
  svg.appendChild(document.createElementNS(SVG, 'path')).setAttribute('d', dark.join(''));
  return svg;
}

function show() {
  const link = location.hash.slice(1);
  const isOne = isInvitation(link);
  element('what').textContent = isOne
    ? 'Scan this with the phone that is to enrol. It is good for one phone, once, and for some minutes.'
    : 'There is no invitation in this address. Make one on the gateway with “perigee technician add NAME”, and open the address that it shows, whole.';
  element('code').replaceChildren(...(isOne ? [drawing(link)] : []));
  element('link').textContent = isOne ? link : '';
}

addEventListener('hashchange', show);
show();
