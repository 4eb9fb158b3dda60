import { Select, Switch, TextArea, TextField } from "../../ui/Field";
import { CATEGORIES, type Details, MAX_DESCRIPTION, MAX_TITLE, tagsOf, VISIBILITIES } from "./details";
import { MAX_HASHTAGS } from "./hashtags";
import styles from "./UploadPage.module.css";

interface FieldsProps {
  details: Details;
  onChange: (details: Details) => void;
  errors: Readonly<Record<string, string>>;
}

/** What is said about a clip, before its upload and afterwards. */
export function DetailsFields({ details, onChange, errors }: FieldsProps) {
  const set = <Key extends keyof Details>(key: Key, value: Details[Key]) =>
    onChange({ ...details, [key]: value });
  const tags = tagsOf(details);
  const known = CATEGORIES.some(([slug]) => slug === details.category);
  const tooMany =
    tags.length > MAX_HASHTAGS ? `At most ${MAX_HASHTAGS} hashtags, these are ${tags.length}.` : undefined;

  return (
    <>
      <TextField
        label="Title"
        name="title"
        required
        maxLength={MAX_TITLE}
        value={details.title}
        onChange={(event) => set("title", event.target.value)}
        error={errors.title}
      />
      <TextArea
        label="Description"
        name="description"
        placeholder="What is it about? #hashtags help others find it."
        maxLength={MAX_DESCRIPTION}
        value={details.description}
        onChange={(event) => set("description", event.target.value)}
        error={errors.description ?? errors.hashtags ?? tooMany}
      />
      {tags.length > 0 && (
        <ul className={styles.tags} aria-label="Hashtags">
          {tags.map((tag) => (
            <li key={tag}>#{tag}</li>
          ))}
        </ul>
      )}
      <div className={styles.pair}>
        <Select
          label="Category"
          value={details.category}
          options={known ? CATEGORIES : [...CATEGORIES, [details.category, details.category]]}
          onChange={(category) => set("category", category)}
          error={errors.category}
        />
        <Select
          label="Who can watch"
          value={details.visibility}
          options={VISIBILITIES}
          onChange={(visibility) => set("visibility", visibility as Details["visibility"])}
          error={errors.visibility}
          hint={details.visibility === "friends" && "You follow each other"}
        />
      </div>
      <fieldset className={styles.switches}>
        <legend className="sr-only">What others may do</legend>
        <Switch
          label="Comments"
          checked={details.allowComments}
          onChange={(on) => set("allowComments", on)}
        />
        <Switch
          label="Duets"
          hint="Others may show it beside their own clip"
          checked={details.allowDuet}
          onChange={(on) => set("allowDuet", on)}
        />
        <Switch
          label="Stitches"
          hint="Others may use a piece of it in theirs"
          checked={details.allowStitch}
          onChange={(on) => set("allowStitch", on)}
        />
      </fieldset>
    </>
  );
}
