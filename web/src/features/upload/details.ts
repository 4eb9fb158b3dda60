import type { UploadStart, Visibility } from "../../api/types";
import { hashtagsOf } from "./hashtags";

/** What a person says about a clip. */
export interface Details {
  title: string;
  description: string;
  /** A slug. */
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
  category: "other",
  visibility: "public",
  allowComments: true,
  allowDuet: true,
  allowStitch: true,
};

/** Slugs as the server knows them, with the words for people. */
export const CATEGORIES: readonly (readonly [slug: string, words: string])[] = [
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
  ["science", "Science"],
  ["sports", "Sports"],
  ["technology", "Technology"],
  ["travel", "Travel"],
  ["other", "Other"],
];

export const VISIBILITIES: readonly (readonly [Visibility, string])[] = [
  ["public", "Everybody"],
  ["friends", "Friends"],
  ["private", "Only me"],
];

export const tagsOf = ({ title, description }: Details) => hashtagsOf(`${title} ${description}`);

/** The details as the API names them; hashtags are read from title and description, `otherTags` are kept. */
export function wireDetails(details: Details, otherTags: readonly string[] = []) {
  return {
    title: details.title.trim(),
    description: details.description.trim(),
    category: details.category,
    hashtags: [...new Set([...tagsOf(details), ...otherTags])],
    visibility: details.visibility,
    allow_comments: details.allowComments,
    allow_duet: details.allowDuet,
    allow_stitch: details.allowStitch,
  } satisfies Partial<UploadStart>;
}
