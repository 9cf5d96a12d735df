// Keeps the two videos inside of an element of class `in-step` in step: what is played, paused, sought or sped up in one
// is in the other, and one of them is heard. A script of the page, or a function's body; installed twice, it acts once.
(() => {
  if (window.perceiverInStep) return;
  window.perceiverInStep = true;

  const CLOSE = 0.02; // seconds, less than half a frame
  const ADRIFT = 0.12; // seconds at which a playing video is fetched back
  const targetTimes = new WeakMap(); // target time of each seek started here, to distinguish it from a seek of the visitor

  // Looked up at every event, for videos come and go.
  const otherOf = (video) => {
    const pair = [...(video.closest?.("[class*=in-step]")?.querySelectorAll("video") ?? [])];
    return pair.length === 2 && pair.includes(video) ? pair[video === pair[0] ? 1 : 0] : null;
  };
  const heard = (video) => !video.muted && video.volume > 0;
  const isFirst = (video, other) => Boolean(video.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);

  const seek = (video, time) => {
    if (video.readyState === 0 || Math.abs(video.currentTime - time) <= CLOSE) return;
    targetTimes.set(video, time);
    video.currentTime = time;
  };
  const hush = (video, other) => {
    if (heard(video) && heard(other)) other.muted = true;
  };
  // States are compared, not events handed on: an event that comes late, or from what was done here, then changes nothing.
  const play = (video, other) => {
    hush(video, other);
    if (video.paused || !other.paused) return;
    seek(other, video.currentTime);
    other.play().catch(() => {}); // refused by the browser: the visitor's own button still works
  };
  const pause = (video, other) => {
    // At its end a video pauses by itself; the other has a moment more to go.
    if (video.finish_reason || !video.paused || other.paused) return;
    other.pause();
    seek(other, video.currentTime);
  };
  const sought = (video, other) => {
    const sent = targetTimes.get(video);
    if (sent === undefined || Math.abs(video.currentTime - sent) > ADRIFT) seek(other, video.currentTime);
  };
  // The end of one seek may be reported while the next is under way: that one is still ours.
  const arrived = (video) => { if (!video.seeking) targetTimes.delete(video); };
  const rate = (video, other) => {
    if (other.playbackRate !== video.playbackRate) other.playbackRate = video.playbackRate;
  };
  // The one that is heard leads: a jump of the sound would be worse than one of the picture.
  const keep = (video, other) => {
    const leads = heard(video) || (!heard(other) && isFirst(video, other));
    if (!leads || video.paused || other.paused || video.seeking || other.seeking) return;
    if (Math.abs(video.currentTime - other.currentTime) > ADRIFT) seek(other, video.currentTime);
  };
  // A new video joins the other one if both show the same clip.
  const join = (video, other) => {
    if (other.readyState === 0 || Math.abs(other.duration - video.duration) > ADRIFT) return;
    rate(other, video);
    hush(other, video);
    seek(video, other.currentTime);
    play(other, video);
  };

  const answers = {
    play,
    pause,
    seeking: sought,
    seeked: arrived,
    ratechange: rate,
    volumechange: hush,
    timeupdate: keep,
    loadedmetadata: join,
  };
  // Events of media do not bubble, but they can be captured on their way down.
  for (const [name, answer] of Object.entries(answers)) {
    document.addEventListener(
      name,
      (event) => {
        const other = event.target instanceof HTMLVideoElement && otherOf(event.target);
        if (other) answer(event.target, other);
      },
      true,
    );
  }
})();
