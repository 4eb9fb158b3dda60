import { expect, it } from "vitest";
import { NEW_DETAILS, wireDetails } from "./details";
import { titleFrom } from "./file";
import { hashtagsOf } from "./hashtags";
import { backoffMs } from "./patience";

it("finds hashtags of any script, once each, without the sign", () => {
  expect(hashtagsOf("Morgens #Café #夜景 und #café_2, kein # leeres, #Tag!")).toEqual([
    "café",
    "夜景",
    "café_2",
    "tag",
  ]);
});

it("sends what the form says, with the hashtags of its words", () => {
  const wire = wireDetails({
    ...NEW_DETAILS,
    title: "  Sea ",
    description: "#waves",
    visibility: "friends",
  });
  expect(wire).toEqual({
    title: "Sea",
    description: "#waves",
    category: "other",
    hashtags: ["waves"],
    visibility: "friends",
    allow_comments: true,
    allow_duet: true,
    allow_stitch: true,
  });
});

it("proposes a title from the file's name", () => {
  expect(titleFrom("beach_day-2024.final.MOV")).toBe("beach day 2024.final");
});

it("waits longer each time, up to a bound", () => {
  const waits = [0, 1, 2, 10].map((attempt) => backoffMs(attempt, 500, 8_000, 0.5));
  expect(waits).toEqual([500, 1_000, 2_000, 8_000]);
});

it("keeps hashtags that never stood in the words", () => {
  const wire = wireDetails({ ...NEW_DETAILS, title: "Sea", description: "#waves" }, ["coast", "waves"]);
  expect(wire.hashtags).toEqual(["waves", "coast"]);
});
