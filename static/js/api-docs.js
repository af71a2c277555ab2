// Shows the API's own description. A token typed here is kept by this page only, and gone when it closes.
const place = document.getElementById("docs");
SwaggerUIBundle({
  url: place.dataset.schema,
  dom_id: "#docs",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
