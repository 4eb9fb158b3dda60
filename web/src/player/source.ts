import Hls, { type ErrorData, ErrorTypes, Events, type HlsConfig } from "hls.js";

/** `warm`: only the first segment is fetched. `active`: a comfortable buffer ahead. */
export type Mode = "warm" | "active";

export interface SourceEvents {
  /** The media server no longer knows the address: its signature ran out, or the clip's visibility changed. */
  onExpired: () => void;
  /** Nothing more can be tried without a person's decision. */
  onFatal: () => void;
}

export interface Source {
  setMode: (mode: Mode) => void;
  /** Continues from the same position at a new address. Exchanging the source pauses the element. */
  swap: (url: string) => void;
  destroy: () => void;
}

/** hls.js grows the buffer to the largest of its three limits, so all three say the same. */
const BUFFER: Record<Mode, Partial<HlsConfig>> = {
  warm: { maxBufferLength: 1, maxMaxBufferLength: 1, maxBufferSize: 1 },
  active: { maxBufferLength: 20, maxMaxBufferLength: 40, maxBufferSize: 30 * 2 ** 20 },
};
const BACK_BUFFER_S = 90;
const MAX_RECOVERIES = 3;
const GONE = new Set([401, 403, 404, 410]);

/** What earlier clips measured: the next one starts at a fitting rendition at once. */
let bandwidthBps = 3_000_000;

export function attachSource(
  video: HTMLVideoElement,
  url: string,
  mode: Mode,
  events: SourceEvents,
): Source {
  return Hls.isSupported() ? attachHls(video, url, mode, events) : attachNative(video, url, events);
}

function attachHls(video: HTMLVideoElement, url: string, mode: Mode, events: SourceEvents): Source {
  const hls = new Hls({
    ...BUFFER[mode],
    backBufferLength: BACK_BUFFER_S,
    // The first segment is fetched once, at the rendition that earlier clips speak for, while the element still opens.
    testBandwidth: false,
    startFragPrefetch: true,
    capLevelToPlayerSize: true,
    abrEwmaDefaultEstimate: bandwidthBps,
  });
  let recoveries = 0;

  hls.on(Events.FRAG_BUFFERED, () => {
    recoveries = 0;
    if (Number.isFinite(hls.bandwidthEstimate)) bandwidthBps = hls.bandwidthEstimate;
  });
  hls.on(Events.ERROR, (_event, data: ErrorData) => {
    if (GONE.has(data.response?.code ?? 0)) return events.onExpired();
    if (!data.fatal) return;
    if (recoveries++ >= MAX_RECOVERIES) return events.onFatal();
    if (data.type === ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else if (data.type === ErrorTypes.NETWORK_ERROR && hls.levels.length > 0) hls.startLoad();
    else events.onFatal();
  });
  hls.loadSource(url);
  hls.attachMedia(video);

  return {
    setMode(next) {
      Object.assign(hls.config, BUFFER[next]);
    },
    swap(next) {
      hls.config.startPosition = video.currentTime;
      hls.loadSource(next);
    },
    destroy: () => hls.destroy(),
  };
}

/** Safari on iPhones before Managed Media Source: the element itself understands HLS. */
function attachNative(video: HTMLVideoElement, url: string, events: SourceEvents): Source {
  // The element does not tell a 403 from any other failure; asking for a fresh address answers both.
  const onError = () => events.onExpired();
  video.addEventListener("error", onError);
  video.src = url;
  return {
    setMode(mode) {
      video.preload = mode === "active" ? "auto" : "metadata";
    },
    swap(next) {
      const position = video.currentTime;
      video.src = next;
      video.addEventListener("loadedmetadata", () => (video.currentTime = position), { once: true });
    },
    destroy() {
      video.removeEventListener("error", onError);
      video.removeAttribute("src");
      video.load();
    },
  };
}
