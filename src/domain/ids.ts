import { PerigeeError } from './errors.js';

/** 16 lower-case hexadecimal digits, made by whoever asks for the run, so that a repeated request acts once. */
export type RunId = string & { readonly brand: 'RunId' };

/** 16 lower-case hexadecimal digits, made once per data directory. */
export type GatewayId = string & { readonly brand: 'GatewayId' };

/** Lower-case letters, digits and hyphens, a letter first; also the image's folder name. */
export type ImageName = string & { readonly brand: 'ImageName' };

const HEX_ID = /^[0-9a-f]{16}$/;
/** Long enough for any name seen, short enough for a BLE packet. */
const IMAGE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

export function isRunId(text: string): text is RunId {
  return HEX_ID.test(text);
}

export function isImageName(text: string): text is ImageName {
  return IMAGE_NAME.test(text);
}

export function parseRunId(text: string): RunId {
  if (isRunId(text)) return text;
  throw new PerigeeError(
    'usage',
    `"${text}" is no run id`,
    'Give 16 hexadecimal digits, as `perigee ps` shows.',
  );
}

export function parseGatewayId(text: string): GatewayId {
  if (HEX_ID.test(text)) return text as GatewayId;
  throw new PerigeeError('usage', `"${text}" is no gateway id`, 'Give 16 hexadecimal digits.');
}

export function parseImageName(text: string): ImageName {
  if (isImageName(text)) return text;
  const rule = 'Use at most 32 lower-case letters, digits and hyphens, a letter first.';
  throw new PerigeeError('image-unknown', `"${text}" is no image name`, rule);
}
