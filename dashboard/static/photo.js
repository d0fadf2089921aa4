// Shrinks a picture before it is sent, and forgets what the camera wrote beside it.
const input = document.getElementById("photo");
const MOST = 1600;

input?.addEventListener("change", async () => {
  const [file] = input.files;
  input.closest("label").classList.toggle("is-taken", Boolean(file));
  if (!file) return;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, MOST / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const small = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.82 });
    const kept = new DataTransfer();
    kept.items.add(new File([small], "photo.jpg", { type: "image/jpeg" }));
    input.files = kept.files;
  } catch {
    // An old browser: the picture is sent as it is.
  }
});
