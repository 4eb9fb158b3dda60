import { useEffect, useRef } from "react";
import styles from "./Glow.module.css";

/** Small enough to be blurred by being enlarged again: a filter over the whole stage would cost every frame. */
const COARSE_PX = 6;
const FINE_PX = 64;

interface GlowProps {
  picture: string;
  /** Covers its place to the edges, as the ground behind a wide clip, instead of fading out like light. */
  fill?: boolean;
}

/** The clip's own light on the wall behind it. */
export function Glow({ picture, fill = false }: GlowProps) {
  const canvas = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const image = new Image();
    image.onload = () => {
      if (canvas.current) paint(canvas.current, image, fill);
    };
    image.src = picture;
    return () => {
      image.onload = null;
    };
  }, [picture, fill]);

  return (
    <canvas ref={canvas} className={fill ? styles.fill : styles.glow} width={FINE_PX} height={FINE_PX} />
  );
}

function paint(canvas: HTMLCanvasElement, image: HTMLImageElement, fill: boolean): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const half = FINE_PX / 2;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, FINE_PX, FINE_PX);
  context.drawImage(image, 0, 0, COARSE_PX, COARSE_PX);
  context.drawImage(canvas, 0, 0, COARSE_PX, COARSE_PX, 0, 0, FINE_PX, FINE_PX);
  if (fill) return;
  const fade = context.createRadialGradient(half, half, 0, half, half, half);
  for (const [stop, alpha] of [
    [0, 1],
    [0.3, 0.9],
    [0.5, 0.6],
    [0.7, 0.26],
    [0.88, 0.06],
    [1, 0],
  ] as const) {
    fade.addColorStop(stop, `rgb(0 0 0 / ${alpha})`);
  }
  context.globalCompositeOperation = "destination-in";
  context.fillStyle = fade;
  context.fillRect(0, 0, FINE_PX, FINE_PX);
  context.globalCompositeOperation = "source-over";
}
