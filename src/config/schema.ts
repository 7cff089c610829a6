import { QUANTITY_NAMES, unitsOf, type QuantityName } from '@perigee/gatt';
import * as v from 'valibot';
import { wholeNumber } from '../yaml/index.js';

const text = v.pipe(v.string('expected text'), v.minLength(1, 'must not be empty'), v.maxLength(1024));
const url = v.pipe(
  text,
  v.regex(/^https?:\/\/[^\s]+$/, 'expected a URL that begins with http:// or https://'),
);

const FEATURED_UNITS = [
  ...(['bytes', 'percent', 'celsius', 'milliseconds', 'seconds', 'count', 'none'] as const),
  ...(['pascals', 'volts', 'amperes', 'watts', 'lux'] as const),
];

const featuredMetric = v.pipe(
  v.strictObject({
    /** As `perigee` shows it: `memory_available_mean{image="hostsense"}`. */
    series: text,
    /** What a phone shows, at most 32 characters: some apps cut longer descriptions. */
    label: v.pipe(text, v.maxLength(32)),
    unit: v.picklist(FEATURED_UNITS),
    /** What it is where its unit does not say: by this, BTHome and Environmental Sensing show it. */
    quantity: v.optional(v.picklist(QUANTITY_NAMES)),
  }),
  v.check(
    ({ quantity, unit }) => quantity === undefined || unitsOf(quantity).includes(unit),
    (issue) => complaintOfQuantity(issue.input),
  ),
);

function complaintOfQuantity({ quantity = 'count', unit }: Claim): string {
  return `a ${quantity} in ${unit} is none: its unit can be ${unitsOf(quantity).join(' or ')}`;
}

interface Claim {
  readonly quantity?: QuantityName | undefined;
  readonly unit: string;
}
export type FeaturedMetric = v.InferOutput<typeof featuredMetric>;

/** Enough for a screen of a phone; each costs a GATT characteristic and two descriptors. */
const MAX_FEATURED = 16;

const DEFAULT_FEATURED: FeaturedMetric[] = [
  { series: 'memory_available_mean{image="hostsense"}', label: 'Memory available', unit: 'bytes' },
  { series: 'memory_total_mean{image="hostsense"}', label: 'Memory', unit: 'bytes' },
  { series: 'cpu_busy_mean{image="hostsense"}', label: 'CPU busy', unit: 'percent' },
  { series: 'load_1m_mean{image="hostsense"}', label: 'Load', unit: 'none' },
  { series: 'cpu_temperature_mean{image="hostsense"}', label: 'CPU temperature', unit: 'celsius' },
  { series: 'run_boot{image="hostsense"}', label: 'Boot time', unit: 'milliseconds' },
  { series: 'run_rss{image="hostsense"}', label: 'Guest memory cost', unit: 'bytes' },
  { series: 'run_cpu{image="hostsense"}', label: 'Guest CPU cost', unit: 'percent' },
];

/** What a connection may have (Core specification, vol 4, part E, 7.8.12), and more packets than fit its longest event. */
const MIN_INTERVAL_MS = 7.5;
const MAX_INTERVAL_MS = 4000;
const MAX_PACKETS_PER_EVENT = 32;

const link = v.strictObject({
  intervalMs: v.pipe(
    v.number('expected a number'),
    v.minValue(MIN_INTERVAL_MS, `must be at least ${MIN_INTERVAL_MS}`),
    v.maxValue(MAX_INTERVAL_MS, `must be at most ${MAX_INTERVAL_MS}`),
  ),
  /** Phones take about so many. */
  packetsPerEvent: v.optional(wholeNumber(1, MAX_PACKETS_PER_EVENT), 4),
});

const KEY = 'expected 32 hexadecimal digits in quotes; perigee bthome-key makes a key';
/** Its complaints must not repeat it. */
const bthomeKey = v.pipe(v.string(KEY), v.regex(/^[0-9a-f]{32}$/i, KEY));

const radio = v.strictObject({
  /** `auto` uses an adapter if there is one; `virtual` needs none and reaches only programs on this machine. */
  mode: v.optional(v.picklist(['auto', 'virtual', 'off']), 'auto'),
  driver: v.optional(v.picklist(['stoprocent', 'abandonware']), 'stoprocent'),
  /** hciN; absent for the first. */
  hciDevice: v.optional(wholeNumber(0, 15)),
  /** hciN on which beacons are heard; the virtual radio hears them by itself. */
  scanDevice: v.optional(wholeNumber(0, 15)),
  /** What the virtual radio's links carry, as those of a real one; absent for as much as the processor can. */
  link: v.optional(link),
  /** Whether everyone nearby may see the featured metrics; otherwise only who has the key below, or a session. */
  public: v.optional(v.boolean(), true),
  /** Encrypts what is advertised. Never shown by anything but `perigee bthome-key`. */
  bthomeKey: v.optional(bthomeKey),
  featured: v.optional(v.pipe(v.array(featuredMetric), v.maxLength(MAX_FEATURED)), DEFAULT_FEATURED),
});

/** Each is a few values in memory; more are a house's, and not a board's. */
const MAX_BEACONS = 32;
/** What a manifest calls `beacon/NAME/temperature` is 32 bytes long at most. */
const BEACON_NAME = v.pipe(
  text,
  v.regex(/^[a-z][a-z0-9]{0,11}$/, 'expected 1 to 12 small letters and digits'),
);

const beacon = v.strictObject({
  name: BEACON_NAME,
  address: v.pipe(
    text,
    v.regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'expected an address as 54:48:e6:8f:80:a5'),
  ),
  /** Of the beacon, where it encrypts. Never shown. */
  key: v.optional(bthomeKey),
});

const sensors = v.strictObject({
  /** Whose values images may be granted, as `beacon/NAME/QUANTITY`. */
  beacons: v.optional(
    v.pipe(
      v.array(beacon),
      v.maxLength(MAX_BEACONS),
      v.check((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two beacons have one name'),
      v.check(
        (all) => new Set(all.map(({ address }) => address.toLowerCase())).size === all.length,
        'two beacons have one address',
      ),
    ),
    [],
  ),
});

/** A century. */
const MAX_DAYS = 36_525;
/** The head log, the reserve and LevelDB's own files, and some days of samples. */
const MIN_STORE_MIB = 64;

const store = v.strictObject({
  /** `frugal` writes a card less, and lets a power cut take what is in no block yet. */
  durability: v.optional(v.picklist(['normal', 'frugal']), 'normal'),
  /** What a power cut may take. Each sync costs a card some blocks of 4 kB. */
  powerCutSeconds: v.optional(wholeNumber(1, 3600), 10),
  /** Days of recording that are kept at least, of samples and of their roll-ups: docs/storage.md has the sums. */
  keepRawDays: v.optional(wholeNumber(1, MAX_DAYS), 30),
  keepMinutesDays: v.optional(wholeNumber(1, MAX_DAYS), 400),
  keepHoursDays: v.optional(wholeNumber(1, MAX_DAYS), 3650),
  /** Each is in memory with its newest sample. Those of one image, so that none takes them all. */
  maxSeries: v.optional(wholeNumber(100, 100_000), 10_000),
  maxSeriesPerImage: v.optional(wholeNumber(1, 100_000), 256),
  keepRuns: v.optional(wholeNumber(100, 1_000_000), 10_000),
  /** Of all files of the store: an eighth of a 16 GB card. */
  maxMib: v.optional(wholeNumber(MIN_STORE_MIB, 1_048_576), 2048),
});

const sync = v.strictObject({
  /** The backend; absent for a gateway that keeps its data to itself. */
  url: v.optional(url),
  intervalMs: v.optional(wholeNumber(1_000, 86_400_000), 60_000),
});

const web = v.strictObject({
  enabled: v.optional(v.boolean(), true),
  /** Loopback, because nothing guards the page yet. */
  host: v.optional(text, '127.0.0.1'),
  /** 0 takes any free port. */
  port: v.optional(wholeNumber(0, 65_535), 7878),
});

/** Of one image; as many as can sensibly be asked for at once. */
const MAX_WARM = 32;

/** As useradd(8) takes them. */
const userName = v.pipe(v.string(), v.regex(/^[a-z_][\w-]{0,31}\$?$/i));
/** The last number stands for none. */
const MAX_UID = 2 ** 32 - 2;
const USER = "expected each, gateway, or a user's name or number";

const runner = v.strictObject({
  /** `auto` uses KVM where a guest of ours was seen to run in it, and no slower than under TCG. */
  accelerator: v.optional(v.picklist(['auto', 'tcg', 'kvm']), 'auto'),
  /** Guests at once; more wait their turn. */
  maxRuns: v.optional(wholeNumber(1, 64), 16),
  /** MiB that guests and their monitors may have in all; absent for what the board has free. */
  memoryMib: v.optional(wholeNumber(1, 1_048_576)),
  /** Virtual processors that guests may have in all; absent for `VCPUS_PER_CORE` for each core of the board. */
  vcpus: v.optional(wholeNumber(1, 1024)),
  /** Guests that are kept ready for runs to come, by image: `{ hello: 1 }`. */
  warm: v.optional(v.record(text, wholeNumber(0, MAX_WARM)), {}),
  /** Memory of guests, MiB, that may be kept ready in all. */
  warmMemoryMib: v.optional(wholeNumber(0, 65_536), 64),
  /** Of each run's console, the newest so many bytes are kept; what came before is gone, and marked. */
  consoleBytes: v.optional(wholeNumber(4096, 16 * 1024 * 1024), 256 * 1024),
  /** Of all runs that have ended: the oldest consoles make room. */
  consoleTotalBytes: v.optional(wholeNumber(1024 * 1024, 2 ** 40), 64 * 1024 * 1024),
  /** As whom guests run under a gateway that is root: `each` has a user of its own; or one by name or number; or `gateway`. */
  user: v.optional(v.union([userName, wholeNumber(1, MAX_UID)], USER), 'each'),
  /** A folder to look in before the PATH. */
  qemuDirectory: v.optional(text),
  /** The same for the Solo5 tenders. */
  solo5Directory: v.optional(text),
});

/** Makers whose images a board may run. */
const MAX_TRUSTED_KEYS = 16;

const images = v.strictObject({
  /** Nothing runs that is not signed by one of the trusted keys, what comes with Perigee included. */
  requireSignature: v.optional(v.boolean(), false),
  /** Ed25519 public keys as PEM, or files of them. */
  trustedKeys: v.optional(v.pipe(v.array(text), v.maxLength(MAX_TRUSTED_KEYS)), []),
});

export const configSchema = v.strictObject({
  /** What phones and the backend show; an advertisement has room for its first 11 bytes of UTF-8. */
  name: v.optional(v.pipe(text, v.maxLength(11)), 'Perigee'),
  dataDirectory: v.optional(text, './data'),
  /** Image folders; absent for the images that come with Perigee. */
  imagesDirectory: v.optional(text),
  images: v.optional(images, {}),
  /** Images that run for as long as the gateway does. */
  keepRunning: v.optional(v.pipe(v.array(text), v.maxLength(16)), ['hostsense']),
  logLevel: v.optional(v.picklist(['debug', 'info', 'warn', 'error', 'silent']), 'info'),
  radio: v.optional(radio, {}),
  sensors: v.optional(sensors, {}),
  store: v.optional(store, {}),
  sync: v.optional(sync, {}),
  web: v.optional(web, {}),
  runner: v.optional(runner, {}),
});

export type Config = v.InferOutput<typeof configSchema>;
