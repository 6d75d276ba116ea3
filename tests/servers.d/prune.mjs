// Takes from a vendor's OpenAPI description the paths that our scanners ask for, and everything those paths refer to.
// usage: node prune.mjs DESCRIPTION.json PRUNED.json
//
// GitHub's whole description cannot be served: it points at a file that its package leaves out, and it is large. Two
// things are mended on the way, since they are gaps of the description and not of the service: every JSON answer is also
// offered under the media type that GitHub's own documentation tells clients to accept.
import { readFileSync, writeFileSync } from "node:fs";

const GITHUB_JSON = "application/vnd.github+json";
const WANTED = [
  // Each line: a path of the description, or its beginning if it ends in a star.
  "/orgs/{org}", "/orgs/{org}/members*", "/orgs/{org}/memberships*", "/orgs/{org}/outside_collaborators*",
  "/orgs/{org}/teams*", "/orgs/{org}/invitations*", "/orgs/{org}/failed_invitations", "/orgs/{org}/installations",
  "/orgs/{org}/credential-authorizations*", "/orgs/{org}/personal-access-tokens*",
  "/orgs/{org}/personal-access-token-requests*", "/orgs/{org}/actions/secrets*", "/orgs/{org}/actions/runners*",
  "/orgs/{org}/actions/runner-groups*", "/orgs/{org}/dependabot/secrets*", "/orgs/{org}/codespaces/secrets*",
  "/orgs/{org}/audit-log", "/orgs/{org}/hooks*", "/orgs/{org}/repos", "/orgs/{org}/organization-roles*",
  "/orgs/{org}/organization-fine-grained-permissions", "/orgs/{org}/security-managers*",
  "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/collaborators*", "/repos/{owner}/{repo}/keys*",
  "/repos/{owner}/{repo}/invitations*", "/repos/{owner}/{repo}/actions/secrets*",
  "/repos/{owner}/{repo}/actions/organization-secrets", "/repos/{owner}/{repo}/actions/runners*",
  "/repos/{owner}/{repo}/actions/workflows*", "/repos/{owner}/{repo}/actions/runs", "/repos/{owner}/{repo}/environments*",
  "/repos/{owner}/{repo}/dependabot/secrets*", "/repos/{owner}/{repo}/hooks*", "/repos/{owner}/{repo}/teams",
  "/repos/{owner}/{repo}/contents*", "/repos/{owner}/{repo}/codeowners*", "/repos/{owner}/{repo}/commits",
  "/repos/{owner}/{repo}/issues*",
  "/teams/*", "/users/{username}", "/users/{username}/keys", "/users/{username}/gpg_keys",
  "/users/{username}/ssh_signing_keys", "/user", "/user/keys", "/user/installations*", "/user/orgs", "/user/emails",
  "/app", "/app/installations*", "/installation/repositories", "/search/issues", "/rate_limit", "/scim/v2/*",
  "/enterprises/{enterprise}/audit-log", "/enterprises/{enterprise}/consumed-licenses",
  "/enterprises/{enterprise}/enterprise-roles*", "/orgs/{org}/installation", "/orgs/{org}/copilot/billing/seats",
  "/repos/{owner}/{repo}/codespaces/secrets*", "/user/{account_id}", "/installation/token",
];

function isWanted(path) {
  return WANTED.some((wanted) => (wanted.endsWith("*") ? path.startsWith(wanted.slice(0, -1)) : path === wanted));
}

/** Every reference below a value, in the order found. */
function* references(value) {
  if (value === null || typeof value !== "object") return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") yield inner;
    else yield* references(inner);
  }
}

/** The names of each sort of component that the paths need, whether straight or by way of another component. */
function reachable(description) {
  const kept = {};
  const open = [...references(description.paths)];
  while (open.length > 0) {
    const [, , sort, ...rest] = open.pop().split("/");
    const name = rest.join("/");
    kept[sort] ??= new Set();
    if (kept[sort].has(name)) continue;
    kept[sort].add(name);
    open.push(...references(description.components[sort]?.[name]));
  }
  return kept;
}

function offerGitHubJson(response) {
  const content = response.content;
  if (content?.["application/json"]) content[GITHUB_JSON] ??= content["application/json"];
}

const [source, target] = process.argv.slice(2);
const description = JSON.parse(readFileSync(source, "utf8"));
for (const path of Object.keys(description.paths)) {
  if (!isWanted(path)) delete description.paths[path];
}
delete description.webhooks;
delete description["x-webhooks"];
const kept = reachable(description);
for (const [sort, components] of Object.entries(description.components)) {
  if (sort === "securitySchemes") continue;
  for (const name of Object.keys(components)) {
    if (!kept[sort]?.has(name)) delete components[name];
  }
}
for (const item of Object.values(description.paths)) {
  for (const operation of Object.values(item)) {
    Object.values(operation?.responses ?? {}).forEach(offerGitHubJson);
  }
}
Object.values(description.components.responses ?? {}).forEach(offerGitHubJson);
writeFileSync(target, JSON.stringify(description));
console.log(`${Object.keys(description.paths).length} paths in ${target}`);
