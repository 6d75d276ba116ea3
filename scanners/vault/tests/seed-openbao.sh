#!/usr/bin/env bash
# Fills a throw-away Vault or OpenBao development server with one live thing of each kind that the scanner reads: for a
# leaver (alice), for a colleague (bob), and for nobody. For developers who have a server; tests/run does not use it.
#
#   bao server -dev -dev-root-token-id=root -dev-listen-address=127.0.0.1:24730 &
#   HOLDOVER_VAULT=http://127.0.0.1:24730 HOLDOVER_VAULT_TOKEN=root scanners/vault/tests/seed-openbao.sh
#
# Needs curl and jq. Prints the accessors of mounts it made. Never run it against a server that anybody uses.
set -euo pipefail
: "${HOLDOVER_VAULT:?address of a development server}" "${HOLDOVER_VAULT_TOKEN:?its root token}"

call() { # METHOD PATH [JSON] [NAMESPACE]
  curl -sS --fail-with-body -X "$1" "$HOLDOVER_VAULT/v1/$2" -H "X-Vault-Token: ${TOKEN:-$HOLDOVER_VAULT_TOKEN}" \
    ${4:+-H "X-Vault-Namespace: $4"} ${3:+-d "$3"}
}
made() { jq -r "$1"; }

# Policies.
call PUT sys/policies/acl/app-read '{"policy":"path \"kv/data/app/*\" { capabilities = [\"read\"] }\npath \"kv/data/app/closed/*\" { capabilities = [\"deny\"] }"}'
call PUT sys/policies/acl/personal '{"policy":"path \"kv/data/home/{{identity.entity.name}}/*\" { capabilities = [\"read\", \"update\"] }"}'
call PUT sys/policies/acl/ops '{"policy":"path \"kv/data/ops/+/root\" { capabilities = [\"read\"] }\npath \"database/static-creds/*\" { capabilities = [\"read\"] }"}'

# Sign-in methods.
call POST sys/auth/userpass '{"type":"userpass"}'
call POST sys/auth/approle '{"type":"approle"}'
call POST sys/auth/jwt '{"type":"jwt"}'
call POST sys/auth/kubernetes '{"type":"kubernetes"}'
call POST sys/auth/cert '{"type":"cert"}'
call POST sys/auth/ldap '{"type":"ldap"}'
for user in alice bob; do
  call POST "auth/userpass/users/$user" '{"password":"seed-canary-'"$user"'","token_policies":"app-read"}'
done
call POST auth/ldap/users/alice '{"policies":"ops"}'
call POST auth/jwt/config '{"jwt_validation_pubkeys":["'"$(openssl genrsa 2048 2>/dev/null | openssl rsa -pubout 2>/dev/null | sed ':a;N;$!ba;s/\n/\\n/g')"'"]}'
call POST auth/jwt/role/alice-only '{"role_type":"jwt","user_claim":"email","bound_subject":"alice@acme.example","token_policies":"ops"}'
call POST auth/jwt/role/by-claim '{"role_type":"jwt","user_claim":"email","bound_claims":{"email":["alice@acme.example","bob@acme.example"]},"token_policies":"app-read"}'
call POST auth/kubernetes/config '{"kubernetes_host":"https://127.0.0.1:1","disable_local_ca_jwt":true,"kubernetes_ca_cert":"none"}' || true
call POST auth/kubernetes/role/web '{"bound_service_account_names":["web"],"bound_service_account_namespaces":["prod"],"token_policies":"app-read"}'
call POST auth/approle/role/deploy '{"token_policies":"app-read","secret_id_ttl":"0"}'
owned="$(call POST auth/approle/role/deploy/secret-id '{"metadata":"{\"owner\":\"alice@acme.example\"}"}' | made .data.secret_id_accessor)"
call POST auth/approle/role/deploy/secret-id '{"metadata":"{\"owner\":\"bob@acme.example\"}","ttl":"1h"}' >/dev/null
call POST auth/approle/role/deploy/secret-id '{}' >/dev/null

# People: alice through userpass, bob as well, a machine by hand.
alice_token="$(curl -sS "$HOLDOVER_VAULT/v1/auth/userpass/login/alice" -d '{"password":"seed-canary-alice"}')"
curl -sS "$HOLDOVER_VAULT/v1/auth/userpass/login/bob" -d '{"password":"seed-canary-bob"}' >/dev/null
alice="$(made .auth.entity_id <<<"$alice_token")"
call POST "identity/entity/id/$alice" '{"name":"alice","metadata":{"employee_id":"00417","email":"alice@acme.example"},"policies":["personal"]}' >/dev/null
disabled="$(call POST identity/entity '{"name":"carol","disabled":true}' | made .data.id)"
accessor="$(call GET sys/auth | made '.data["userpass/"].accessor')"
call POST identity/entity-alias '{"name":"carol","canonical_id":"'"$disabled"'","mount_accessor":"'"$accessor"'","custom_metadata":{"owner":"it"}}' >/dev/null
inner="$(call POST identity/group '{"name":"ops-inner","member_entity_ids":["'"$alice"'"]}' | made .data.id)"
call POST identity/group '{"name":"ops","policies":["ops"],"member_group_ids":["'"$inner"'"]}' >/dev/null
outer="$(call POST identity/group '{"name":"directory","type":"external","policies":["app-read"]}' | made .data.id)"
call POST identity/group-alias '{"name":"cn=directory","canonical_id":"'"$outer"'","mount_accessor":"'"$(call GET sys/auth | made '.data["ldap/"].accessor')"'"}' >/dev/null

# Tokens: an orphan, one that renews for ever, a child.
call POST auth/token/create-orphan '{"display_name":"alice-laptop","ttl":"720h","policies":["app-read"]}' >/dev/null
call POST auth/token/create '{"display_name":"cron","period":"24h","policies":["app-read"],"no_parent":true}' >/dev/null
call POST auth/token/create '{"ttl":"1h","policies":["app-read"],"meta":{"username":"alice"}}' >/dev/null

# Secrets.
call POST sys/mounts/kv '{"type":"kv","options":{"version":"2"}}'
call POST sys/mounts/old '{"type":"kv","options":{"version":"1"}}'
for path in app/db app/closed/x app/deep/er/key home/alice/note home/bob/note ops/one/root ops/one/other; do
  call POST "kv/data/$path" '{"data":{"value":"seed-canary-'"${path//\//-}"'"}}' >/dev/null
done
call POST kv/metadata/app/db '{"custom_metadata":{"owner":"alice@acme.example"}}' >/dev/null
call POST kv/data/app/gone '{"data":{"value":"seed-canary-gone"}}' >/dev/null
call DELETE kv/data/app/gone >/dev/null
call POST old/plain '{"value":"seed-canary-old"}' >/dev/null || true

# Certificates and roles.
call POST sys/mounts/pki '{"type":"pki","config":{"max_lease_ttl":"9000h"}}'
call POST pki/root/generate/internal '{"common_name":"seed root","ttl":"8760h"}' >/dev/null
call POST pki/roles/people '{"allow_any_name":true,"enforce_hostnames":false,"max_ttl":"2000h","no_store":false,"allowed_uri_sans":"*"}' >/dev/null
call POST pki/roles/quiet '{"allow_any_name":true,"no_store":true}' >/dev/null
call POST pki/issue/people '{"common_name":"alice@acme.example","ttl":"1000h"}' >/dev/null
serial="$(call POST pki/issue/people '{"common_name":"bob@acme.example","ttl":"1000h"}' | made .data.serial_number)"
call POST pki/revoke '{"serial_number":"'"$serial"'"}' >/dev/null
call POST pki/issue/people '{"common_name":"web1.acme.example","ttl":"1000h"}' >/dev/null
call POST sys/mounts/ssh '{"type":"ssh"}'
call POST ssh/config/ca '{"generate_signing_key":true}' >/dev/null
call POST ssh/roles/alice '{"key_type":"ca","allow_user_certificates":true,"allowed_users":"alice,root","default_user":"alice","max_ttl":"8h"}' >/dev/null
cert="$(mktemp)"; key="$(mktemp)"; trap 'rm -f "$cert" "$key"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$key" -out "$cert" -days 30 -subj /CN=alice 2>/dev/null
call POST auth/cert/certs/alice "$(jq -n --rawfile pem "$cert" '{certificate:$pem,display_name:"alice",policies:["app-read"]}')"

# An audit device, and a namespace (not on every edition).
call PUT sys/audit/file '{"type":"file","options":{"file_path":"/dev/null"}}' || true
if call POST sys/namespaces/team-a '{}' >/dev/null; then
  call POST sys/mounts/kv '{"type":"kv","options":{"version":"2"}}' team-a
  call POST kv/data/app/team '{"data":{"value":"seed-canary-team"}}' team-a >/dev/null
fi
printf '\nalice is entity %s; her secret id has accessor %s\n' "$alice" "$owned"
