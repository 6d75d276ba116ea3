#!/usr/bin/env python3
"""Writes fixtures/moto/ with a third party's idea of the three documents.

    python3 -m venv V && V/bin/pip install 'moto[server]==5.2.5' boto3
    V/bin/python scanners/aws/tests/make_moto_fixtures.py

The emulator runs inside this process, is seeded, and gets its dates set by hand, so equal versions give equal files.
What it leaves out, and the tests therefore expect: no row <root_account> in the report, user ids that do not start with
AIDA, a time of change for passwords that do not exist.
"""

import base64
import datetime as dt
import json
import os
import pathlib

os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")

import boto3
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.moto_api._internal import mock_random

OUT = pathlib.Path(__file__).parent / "fixtures" / "moto"


def at(text):
    return dt.datetime.fromisoformat(text)


def allow(actions, resource="*"):
    statement = {"Sid": "Main", "Effect": "Allow", "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def show(value):
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(type(value))


def write(name, answer):
    answer.pop("ResponseMetadata", None)
    (OUT / name).write_text(json.dumps(answer, indent=4, default=show) + "\n")


@mock_aws
def main():
    mock_random.seed(20260801)
    iam = boto3.client("iam")
    models = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    iam.create_group(GroupName="administrators")
    iam.put_group_policy(GroupName="administrators", PolicyName="all", PolicyDocument=allow("*"))
    people = {
        "ana.silva": ("2024-03-01T09:00:00", [{"Key": "email", "Value": "ana.silva@acme.example"}]),
        "bo.chen@acme.example": ("2024-05-01T09:00:00", []),
        "build-notifier": ("2025-01-10T09:00:00", [{"Key": "Owner", "Value": "ana.silva@acme.example"}]),
        "cy.mora": ("2025-06-01T09:00:00", []),
        "dee.park": ("2026-01-05T09:00:00", []),
    }
    for name, (made, tags) in people.items():
        iam.create_user(UserName=name, Tags=tags)
        models.users[name].create_date = at(made)
    iam.add_user_to_group(GroupName="administrators", UserName="ana.silva")
    deploy = iam.create_policy(PolicyName="deploy", PolicyDocument=allow(["lambda:UpdateFunctionCode", "iam:PassRole"]))
    iam.attach_user_policy(UserName="build-notifier", PolicyArn=deploy["Policy"]["Arn"])
    iam.put_user_policy(UserName="cy.mora", PolicyName="look", PolicyDocument=allow(["s3:Get*", "s3:List*"]))
    iam.put_user_policy(UserName="dee.park", PolicyName="change", PolicyDocument=allow("dynamodb:PutItem"))
    for name in ("ana.silva", "cy.mora"):
        iam.create_login_profile(UserName=name, Password="Not-A-Real-One-1")
    models.users["ana.silva"].password_last_used = at("2026-07-31T08:10:00")
    keys = [
        ("ana.silva", "2024-03-01T10:00:00", "2026-07-31T21:45:00", "Active"),
        ("ana.silva", "2023-12-01T10:00:00", None, "Inactive"),
        ("build-notifier", "2025-01-10T10:00:00", "2026-07-31T23:30:00", "Active"),
    ]
    for user, made, used, status in keys:
        key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
        model = models.users[user].access_keys[-1]
        model.create_date = at(made)
        model.status = status
        if used:
            model.last_used = AccessKeyLastUsed(at(used), "s3", "eu-west-1")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ana")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(UserName="ana.silva", SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:user/ana.silva"},
            "Action": "sts:AssumeRole",
        }],
    }
    iam.create_role(RoleName="releases", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="releases", PolicyName="write", PolicyDocument=allow("s3:PutObject"))
    role = next(role for role in models.roles.values() if role.name == "releases")
    role.create_date = at("2024-04-01T09:00:00")
    role.last_used = at("2026-07-31T20:00:00")
    models.groups["administrators"].create_date = at("2024-01-01T09:00:00")
    policy = models.managed_policies[deploy["Policy"]["Arn"]]
    policy.create_date = policy.update_date = at("2025-01-10T08:00:00")
    for version in policy.versions:
        version.create_date = at("2025-01-10T08:00:00")

    OUT.mkdir(parents=True, exist_ok=True)
    write("authorization-details.json",
          iam.get_account_authorization_details(Filter=["User", "Group", "Role", "LocalManagedPolicy"]))
    iam.generate_credential_report()
    report = iam.get_credential_report()
    (OUT / "credential-report.csv").write_bytes(report["Content"])
    report["Content"] = base64.b64encode(report["Content"]).decode()
    write("credential-report-answer.json", report)
    answers = [iam.list_access_keys(UserName=name) for name in people]
    for answer in answers:
        answer.pop("ResponseMetadata")
    (OUT / "access-keys.json").write_text(json.dumps(answers, indent=4, default=show) + "\n")


main()
