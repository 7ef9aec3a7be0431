// Photo and signature for a card: camera, crop and pad. Without this file the form sends a file as it is.
(() => {
  const root = document.querySelector("[data-capture]");
  if (!root) return;
  const one = (name) => root.querySelector(`[data-${name}]`);
  const form = one("take");
  const file = one("file");
  const canvas = one("canvas");
  const say = (text) => { one("said").textContent = text; };

  // Puts what was drawn into the form's own file field and sends it, as if somebody had chosen it.
  const send = (drawing, kind, source) => drawing.toBlob((blob) => {
    if (!blob) return;
    const carried = new DataTransfer();
    carried.items.add(new File([blob], source, { type: kind }));
    file.files = carried.files;
    one("source").value = source;
    form.requestSubmit();
  }, kind, 0.93);

  const photo = () => {
    const most = { width: Number(root.dataset.mostWidth), height: Number(root.dataset.mostHeight) };
    const least = Number(root.dataset.leastWidth);
    const [zoom, across, down] = [one("zoom"), one("across"), one("down")];
    const video = one("video");
    let picture = null;
    let source = "file";
    let stream = null;

    const frame = () => {
      const ratio = most.width / most.height;
      const fit = Math.min(picture.width, picture.height * ratio);
      const width = fit / (Number(zoom.value) / 100);
      const height = width / ratio;
      return {
        x: (picture.width - width) * (Number(across.value) / 100),
        y: (picture.height - height) * (Number(down.value) / 100),
        width,
        height,
      };
    };
    const draw = () => {
      if (!picture) return;
      const cut = frame();
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, cut.x, cut.y, cut.width, cut.height, 0, 0, canvas.width, canvas.height);
      pen.lineWidth = 2;
      pen.setLineDash([8, 6]);
      for (const shade of ["rgba(255,255,255,.9)", "rgba(10,68,62,.9)"]) {
        pen.strokeStyle = shade;
        pen.lineDashOffset = shade.startsWith("rgba(10") ? 7 : 0;
        pen.beginPath();
        pen.ellipse(canvas.width / 2, canvas.height * 0.49, canvas.width * 0.35, canvas.height * 0.375, 0, 0, 2 * Math.PI);
        pen.stroke();
      }
      const few = cut.width < least;
      one("use").disabled = few;
      say(few ? root.dataset.tooSmall : root.dataset.ready);
    };
    const show = (taken, how) => {
      picture = taken;
      source = how;
      [zoom.value, across.value, down.value] = [100, 50, 50];
      one("crop").hidden = false;
      one("send").parentElement.hidden = true;
      one("camera").classList.replace("btn-primary", "btn-line");
      draw();
      zoom.focus();
    };
    const stop = () => {
      stream?.getTracks().forEach((track) => track.stop());
      stream = null;
      one("live").hidden = true;
      one("ways").hidden = false;
    };

    for (const slider of [zoom, across, down]) slider.addEventListener("input", draw);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom.value = Number(zoom.value) - Math.sign(event.deltaY) * 8;
      draw();
    }, { passive: false });
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons || !picture) return;
      const cut = frame();
      const moved = (slider, by, room) => { if (room > 1) slider.value = Number(slider.value) - (by / room) * 100; };
      const scale = cut.width / canvas.clientWidth;
      moved(across, event.movementX * scale, picture.width - cut.width);
      moved(down, event.movementY * scale, picture.height - cut.height);
      draw();
    });
    file.addEventListener("change", async () => {
      if (!file.files.length) return;
      try {
        show(await createImageBitmap(file.files[0], { imageOrientation: "from-image" }), "file");
      } catch {
        one("crop").hidden = true;
        one("send").parentElement.hidden = false;
        say(root.dataset.unreadable);
      }
    });
    if (navigator.mediaDevices?.getUserMedia) {
      const start = one("camera");
      start.hidden = false;
      start.addEventListener("click", async () => {
        try {
          const wanted = { width: { ideal: 1920 }, height: { ideal: 1440 }, facingMode: "user" };
          stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
        } catch {
          say(root.dataset.noCamera);
          return;
        }
        video.srcObject = stream;
        await video.play();
        one("crop").hidden = true;
        one("live").hidden = false;
        one("ways").hidden = true;
        say(root.dataset.cameraOn);
        one("shoot").focus();
      });
      one("shoot").addEventListener("click", async () => {
        const taken = await createImageBitmap(video);
        stop();
        show(taken, "camera");
      });
      one("stop").addEventListener("click", () => { stop(); say(""); start.focus(); });
      addEventListener("pagehide", stop);
    }
    one("use").addEventListener("click", () => {
      const cut = frame();
      const drawing = document.createElement("canvas");
      drawing.width = Math.min(most.width, Math.round(cut.width));
      drawing.height = Math.round((drawing.width * most.height) / most.width);
      drawing.getContext("2d").drawImage(picture, cut.x, cut.y, cut.width, cut.height, 0, 0, drawing.width, drawing.height);
      send(drawing, "image/jpeg", source);
    });
  };

  const signature = () => {
    const pen = canvas.getContext("2d");
    const clear = () => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      one("use").disabled = true;
    };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * (canvas.width / box.width), (event.clientY - box.top) * (canvas.height / box.height)];
    };
    one("pad").hidden = false;
    [pen.lineWidth, pen.lineCap, pen.lineJoin, pen.strokeStyle] = [6, "round", "round", "#000"];
    clear();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pen.beginPath();
      pen.moveTo(...place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      for (const step of event.getCoalescedEvents?.() ?? [event]) pen.lineTo(...place(step));
      pen.stroke();
      one("use").disabled = false;
    });
    one("clear").addEventListener("click", clear);
    one("use").addEventListener("click", () => send(canvas, "image/png", "pad"));
  };

  (root.dataset.capture === "photo" ? photo : signature)();
})();
