import { type DBSchema, openDB } from "idb";
import type { Checksums } from "./plan";

/** What must survive a reload to go on with an upload; the server knows the rest. */
export interface UploadRecord {
  videoId: string;
  userId: string;
  title: string;
  fileName: string;
  sizeBytes: number;
  fingerprint: string;
  checksums: Checksums;
  /** Where the browser hands one out (a dropped file in Chromium), the file opens again without picking it. */
  handle: FileSystemFileHandle | null;
  startedAt: number;
}

interface Schema extends DBSchema {
  uploads: { key: string; value: UploadRecord };
}

const open = () =>
  openDB<Schema>("kinora", 1, {
    upgrade: (db) => void db.createObjectStore("uploads", { keyPath: "videoId" }),
  });
let database: ReturnType<typeof open> | null = null;

function db() {
  database ??= open();
  return database;
}

export async function putRecord(record: UploadRecord): Promise<void> {
  await (await db()).put("uploads", record);
}

export async function addChecksum(videoId: string, part: number, checksum: string): Promise<void> {
  const tx = (await db()).transaction("uploads", "readwrite");
  const record = await tx.store.get(videoId);
  if (record) await tx.store.put({ ...record, checksums: { ...record.checksums, [part]: checksum } });
  await tx.done;
}

export async function getRecord(videoId: string): Promise<UploadRecord | null> {
  return (await (await db()).get("uploads", videoId)) ?? null;
}

export async function dropRecord(videoId: string): Promise<void> {
  await (await db()).delete("uploads", videoId);
}

/** This person's unfinished uploads, the newest first. */
export async function listRecords(userId: string): Promise<UploadRecord[]> {
  const all = await (await db()).getAll("uploads");
  return all.filter((record) => record.userId === userId).sort((a, b) => b.startedAt - a.startedAt);
}
