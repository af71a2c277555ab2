// A form with words leaves its page only for somewhere that takes it: logged out meanwhile, or out of reach, it stays and says so.
// Not one that is kept while it is written (data-kept).
"use strict";
(() => {
  const said = document.getElementById("unsent");
  if (!said) return;
  const hasWords = (form) => [...form.elements].some((box) => box.matches("textarea") && box.value.trim());

  const ask = async () => {
    try {
      const answer = await fetch(said.dataset.here, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (answer.type === "opaqueredirect") return "out";
      if (!answer.ok) return "lost";
      const { who, token } = await answer.json();
      if (who !== document.querySelector(".who-name")?.textContent.trim()) return "other";
      for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
      return "";
    } catch {
      return "lost";
    }
  };

  const tell = (form, trouble) => {
    form.querySelector(".unsent")?.remove();
    if (!trouble) return;
    const notice = said.querySelector(`[data-when=${trouble}]`).cloneNode(true);
    form.append(notice);
    notice.scrollIntoView({ block: "nearest" });
  };

  // Before all others that listen: they hear of it when it really leaves.
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (form.method !== "post" || form.matches("[hx-post], [data-kept]") || !hasWords(form)) return;
      if (form.dataset.asked === "yes") {
        delete form.dataset.asked;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.asked) return;
      form.dataset.asked = "asking";
      const trouble = await ask();
      delete form.dataset.asked;
      tell(form, trouble);
      if (trouble) return;
      form.dataset.asked = "yes";
      form.requestSubmit(event.submitter);
      delete form.dataset.asked;
    },
    true,
  );
})();
