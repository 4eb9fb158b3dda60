import type { UploadStart, Visibility } from "../../api/types";
import { hashtagsOf } from "./hashtags";

/** What a person says about a clip. */
export interface Details {
  title: string;
  description: string;
  category: string;
  visibility: Visibility;
  allowComments: boolean;
  allowDuet: boolean;
  allowStitch: boolean;
}

export const MAX_TITLE = 150;
export const MAX_DESCRIPTION = 2_200;

export const NEW_DETAILS: Details = {
  title: "",
  description: "",
  category: "",
  visibility: "public",
  allowComments: true,
  allowDuet: true,
  allowStitch: true,
};

/** Slugs as the server knows them, with the words for people. */
export const CATEGORIES: readonly (readonly [slug: string, words: string])[] = [
  ["", "No category"],
  ["animals", "Animals"],
  ["art", "Art"],
  ["comedy", "Comedy"],
  ["dance", "Dance"],
  ["education", "Education"],
  ["fashion", "Fashion"],
  ["fitness", "Fitness"],
  ["food", "Food"],
  ["gaming", "Gaming"],
  ["music", "Music"],
  ["nature", "Nature"],
  ["sports", "Sports"],
  ["technology", "Technology"],
  ["travel", "Travel"],
];

export const VISIBILITIES: readonly (readonly [Visibility, string])[] = [
  ["public", "Everybody"],
  ["friends", "Friends"],
  ["private", "Only me"],
];

/** The details as the API names them; hashtags are read from title and description. */
export function wireDetails(details: Details) {
  return {
    title: details.title.trim(),
    description: details.description.trim(),
    hashtags: hashtagsOf(`${details.title} ${details.description}`),
    visibility: details.visibility,
    allow_comments: details.allowComments,
    allow_duet: details.allowDuet,
    allow_stitch: details.allowStitch,
    ...(details.category ? { category: details.category } : {}),
  } satisfies Partial<UploadStart>;
}
