"""Starts moto on 127.0.0.1, filled in-process from a seed file, because only there can dates and ids be chosen.

usage: moto_seeded.py PORT SEED.json [--check] [--users N] [--accounts N]
  --check       every call needs a right signature and a policy that allows it
  --users N     so many more users in the first account, each with a key, a password, both or neither
  --accounts N  so many more accounts in the organisation, each with two users
"""

import argparse
import datetime
import json
import os

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("seed")
arguments.add_argument("--check", action="store_true")
arguments.add_argument("--users", type=int, default=0)
arguments.add_argument("--accounts", type=int, default=0)
options = arguments.parse_args()

# Read by moto when it is imported.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
if options.check:
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"

from moto.iam.models import AccessKeyLastUsed, iam_backends  # noqa: E402
from moto.identitystore.models import identitystore_backends  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.organizations.models import organizations_backends  # noqa: E402
from moto.ssoadmin.models import ssoadmin_backends  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

HOME = "us-east-1"


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)


def add_user(iam, wanted):
    name = wanted["name"]
    tags = [{"Key": key, "Value": value} for key, value in wanted.get("tags", {}).items()]
    user = iam.create_user(HOME, name, wanted.get("path", "/"), tags)
    user.id = wanted["id"]
    user.create_date = when(wanted["created"])
    for policy, document in wanted.get("policies", {}).items():
        iam.put_user_policy(name, policy, json.dumps(document))
    for arn in wanted.get("attached", []):
        iam.attach_user_policy(arn, name)
    for group in wanted.get("groups", []):
        iam.add_user_to_group(group, name)
    if "password" in wanted:
        iam.create_login_profile(name, "never-used-by-anybody")
        if "last_used" in wanted["password"]:
            user.password_last_used = when(wanted["password"]["last_used"])
    for each in wanted.get("keys", []):
        add_key(iam, name, each)
    for each in wanted.get("ssh_keys", []):
        key = iam.upload_ssh_public_key(name, each["body"])
        key.ssh_public_key_id = each["id"]
        key.upload_date = when(each["created"])
        key.status = each.get("status", "Active")
    for each in wanted.get("certificates", []):
        certificate = iam.upload_signing_certificate(name, each["body"])
        del user.signing_certificates[certificate.id]
        certificate.id = each["id"]
        certificate.upload_date = when(each["created"])
        certificate.status = each.get("status", "Active")
        user.signing_certificates[certificate.id] = certificate
    for each in wanted.get("mfa", []):
        device = iam.create_virtual_mfa_device(each["serial"].rsplit("/", 1)[-1], "/")
        iam.enable_mfa_device(name, device.serial_number, "000000", "000001")
        device.enable_date = when(each["enabled"])
        user.mfa_devices[device.serial_number].enable_date = when(each["enabled"])


def add_key(iam, name, wanted):
    key = iam.create_access_key(name, status=wanted.get("status", "Active"))
    del iam.access_keys[key.access_key_id]
    key.access_key_id = wanted["id"]
    iam.access_keys[key.access_key_id] = key
    key.create_date = when(wanted["created"])
    if "secret" in wanted:
        key.secret_access_key = wanted["secret"]
    if "last_used" in wanted:
        used = wanted["last_used"]
        key.last_used = AccessKeyLastUsed(when(used["at"]), used["service"], used["region"])


def add_role(iam, wanted):
    role = iam.create_role(
        wanted["name"],
        json.dumps(wanted["trust"]),
        "/",
        None,
        "",
        [],
        wanted.get("max_session_duration", "3600"),
    )
    del iam.roles[role.id]
    role.id = wanted["id"]
    iam.roles[role.id] = role
    role.create_date = when(wanted["created"])
    if "last_used" in wanted:
        role.last_used = when(wanted["last_used"])
    for arn in wanted.get("attached", []):
        iam.attach_role_policy(arn, wanted["name"])
    for policy, document in wanted.get("policies", {}).items():
        iam.put_role_policy(wanted["name"], policy, json.dumps(document))


def add_account(seed, account):
    iam = iam_backends[account["id"]]["aws"]
    if "alias" in account:
        iam.create_account_alias(account["alias"])
    for wanted in account.get("groups", []):
        group = iam.create_group(wanted["name"])
        group.create_date = when(wanted["created"])
        for policy, document in wanted.get("policies", {}).items():
            iam.put_group_policy(wanted["name"], policy, json.dumps(document))
        for arn in wanted.get("attached", []):
            iam.attach_group_policy(arn, wanted["name"])
    for wanted in account.get("users", []):
        add_user(iam, wanted)
    for wanted in account.get("roles", []):
        add_role(iam, wanted)
    name = seed["role_in_every_account"]
    management = seed["accounts"][0]["id"]
    principal = {"AWS": f"arn:aws:iam::{management}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    add_role(
        iam,
        {
            "name": name,
            "id": f"AROAAUDIT{account['id'][:11]}",
            "created": "2024-02-01T08:00:00Z",
            "trust": {"Version": "2012-10-17", "Statement": [statement]},
            "policies": {"audit": seed["audit_policy"]},
        },
    )


def add_organization(seed):
    first, *others = seed["accounts"]
    backend = organizations_backends[first["id"]]["aws"]
    backend.create_organization(HOME)
    management = backend.accounts[0]
    management.name, management.email = first["name"], first["email"]
    for account in others:
        backend.create_account(AccountName=account["name"], Email=account["email"])
        made = backend.accounts[-1]
        # The seed says which number an account has; the one that was drawn goes.
        organizations_backends.master_accounts.pop(made.id, None)
        made.id = account["id"]
        organizations_backends.master_accounts[made.id] = (first["id"], "aws")
        made.status = made.state = account.get("status", "ACTIVE")


def add_identity_center(seed):
    wanted = seed["identity_center"]
    owner = seed["accounts"][0]["id"]
    admin = ssoadmin_backends[owner][wanted["region"]]
    instance = admin.instances[0]
    instance.instance_arn, instance.identity_store_id = wanted["instance_arn"], wanted["identity_store_id"]
    store, store_id = identitystore_backends[owner][wanted["region"]], wanted["identity_store_id"]
    users, groups, sets = {}, {}, {}
    for user in wanted["users"]:
        given, family = user["display_name"].split(" ", 1)
        users[user["name"]], _ = store.create_user(
            store_id,
            user["name"],
            {"GivenName": given, "FamilyName": family},
            user["display_name"],
            *[None] * 2,
            [{"Value": user["email"], "Type": "work", "Primary": True}],
            *[None] * 7,
        )
    for group in wanted["groups"]:
        groups[group["name"]], _ = store.create_group(store_id, group["name"], "")
        for member in group["members"]:
            store.create_group_membership(store_id, groups[group["name"]], {"UserId": users[member]})
    for each in wanted["permission_sets"]:
        made = admin.create_permission_set(
            each["name"], "", wanted["instance_arn"], each["session_duration"], "", []
        )
        sets[each["name"]] = made["PermissionSetArn"]
        for arn in each["managed"]:
            admin.attach_managed_policy_to_permission_set(
                wanted["instance_arn"], made["PermissionSetArn"], arn
            )
    for each in wanted["assignments"]:
        kind = "USER" if "user" in each else "GROUP"
        principal = users[each["user"]] if kind == "USER" else groups[each["group"]]
        admin.create_account_assignment(
            wanted["instance_arn"],
            each["account"],
            "AWS_ACCOUNT",
            sets[each["permission_set"]],
            kind,
            principal,
        )


def add_crowd(account, number):
    iam = iam_backends[account["id"]]["aws"]
    start = datetime.datetime(2024, 1, 1)
    for index in range(number):
        name = f"crowd{index:05d}"
        day = start + datetime.timedelta(days=index % 400)
        text = day.isoformat() + "Z"
        user = {"name": name, "id": f"AIDACROWD{index:011d}", "created": text}
        user["tags"] = {"email": f"{name}@acme.example"}
        if index % 3 == 0:
            user["password"] = {"last_used": text}
        if index % 2 == 0:
            user["keys"] = [{"id": f"AKIACROWD{index:011d}", "created": text}]
        add_user(iam, user)


def more_accounts(number):
    for index in range(number):
        created = "2024-03-01T00:00:00Z"
        users = [
            {
                "name": f"member{index:04d}-{which}",
                "id": f"AIDAMEMBER{index:04d}{which}00000",
                "created": created,
                "tags": {"email": f"member{index:04d}-{which}@acme.example"},
                "keys": [{"id": f"AKIAMEMBER{index:04d}{which}00000", "created": created}],
            }
            for which in range(2)
        ]
        name = f"member-{index:04d}"
        yield {"id": f"5{index:011d}", "name": name, "email": f"aws+{name}@acme.example", "users": users}


with open(options.seed, encoding="utf-8") as file:
    SEED = json.load(file)
SEED["accounts"].extend(more_accounts(options.accounts))
for each_account in SEED["accounts"]:
    add_account(SEED, each_account)
if SEED.get("organization"):
    add_organization(SEED)
if "identity_center" in SEED:
    add_identity_center(SEED)
add_crowd(SEED["accounts"][0], options.users)
run_simple(
    "127.0.0.1",
    options.port,
    DomainDispatcherApplication(create_backend_app),
    threaded=True,
    request_handler=MotoRequestHandler,
)
