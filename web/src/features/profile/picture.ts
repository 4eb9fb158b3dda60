const EDGE_PX = 512;
const QUALITY = 0.9;

/** The middle square of a picture as a small JPEG. Rejects with a DOMException when it can't be read. */
export async function squareJpeg(file: Blob): Promise<Blob> {
  const bitmap = await createImageBitmap(file);
  const side = Math.min(bitmap.width, bitmap.height);
  const edge = Math.min(EDGE_PX, side);
  const canvas = new OffscreenCanvas(edge, edge);
  const context = canvas.getContext("2d");
  if (!context) throw new DOMException("No canvas", "NotSupportedError");
  // JPEG has no transparency: without this it would turn black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, edge, edge);
  context.drawImage(
    bitmap,
    (bitmap.width - side) / 2,
    (bitmap.height - side) / 2,
    side,
    side,
    0,
    0,
    edge,
    edge,
  );
  bitmap.close();
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}
