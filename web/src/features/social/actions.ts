import { setFollow, setLike, setSave } from "../../api/social";
import type { UserBrief, Video } from "../../api/types";
import { patchFollowing, patchVideo } from "../../api/videoCache";
import { requireMember } from "../auth/gate";
import { stepped, toggle } from "./toggle";

export function likeVideo({ video_id }: Video, on: boolean): void {
  if (!requireMember("Log in to like clips")) return;
  void toggle({
    key: `like:${video_id}`,
    on,
    show: (liked, known) =>
      patchVideo(video_id, (video) => ({
        ...video,
        user_interaction: { ...video.user_interaction, liked },
        stats: {
          ...video.stats,
          likes: stepped(video.stats.likes, video.user_interaction.liked, liked, known),
        },
      })),
    send: async () => (await setLike(video_id, on)).like_count,
  });
}

export function saveVideo({ video_id }: Video, on: boolean): void {
  if (!requireMember("Log in to save clips")) return;
  void toggle({
    key: `save:${video_id}`,
    on,
    show: (saved, known) =>
      patchVideo(video_id, (video) => ({
        ...video,
        user_interaction: { ...video.user_interaction, saved },
        stats: {
          ...video.stats,
          saves: stepped(video.stats.saves, video.user_interaction.saved, saved, known),
        },
      })),
    send: async () => (await setSave(video_id, on)).save_count,
  });
}

/** `show` lets a profile move its own follower count; cards of the creator follow by themselves. */
export function followUser(
  user: UserBrief,
  on: boolean,
  show?: (following: boolean, count: number | null) => void,
): void {
  if (!requireMember(`Log in to follow ${user.display_name}`)) return;
  void toggle({
    key: `follow:${user.user_id}`,
    on,
    show(following, known) {
      patchFollowing(user.user_id, following);
      show?.(following, known);
    },
    send: async () => (await setFollow(user.user_id, on)).follower_count,
  });
}
