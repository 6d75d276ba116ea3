#!/usr/bin/env bash
# A fresh Request Tracker 5 on SQLite, without a web server and without mail: request_tracker.sh PORT FOLDER
# Writes FOLDER/tokens: the token of `holdover`, who may do what our tickets need in the queue General, a comma, and that
# of `blind`, who may do the same but sees no custom field.
set -euo pipefail
port=$1 folder=$2
rm -rf "$folder" && mkdir -p "$folder/confd"
cat >"$folder/RT_SiteConfig.pm" <<P
Set(\$rtname, 'holdover'); Set(\$Organization, 'acme.example');
Set(\$WebDomain, '127.0.0.1'); Set(\$WebPort, $port); Set(\$WebPath, '');
Set(\$DatabaseType, 'SQLite'); Set(\$DatabaseName, '$folder/rt.db'); Set(\$DatabaseHost, ''); Set(\$DatabaseUser, ''); Set(\$DatabasePassword, '');
Set(\$MailCommand, 'testfile'); Set(\$LogToSTDERR, 'warning'); Set(\$LogToSyslog, undef); Set(\$RestrictReferrer, 0);
1;
P
export RT_SITE_CONFIG=$folder/RT_SiteConfig.pm RT_SITE_CONFIG_DIR=$folder/confd
rt-setup-database-5 --action init --skip-create --dba-password '' </dev/null
cat >"$folder/people.pl" <<'P'
use RT -init;
my $queue = RT::Queue->new(RT->SystemUser);
$queue->Load('General');
for my $wanted (['Finding Key', 'FreeformSingle'], ['Findings', 'FreeformMultiple']) {
    my $field = RT::CustomField->new(RT->SystemUser);
    my ($ok, $says) = $field->Create(Name => $wanted->[0], Type => $wanted->[1], LookupType => 'RT::Queue-RT::Ticket');
    die $says unless $ok;
    $field->AddToObject($queue);
}
my @may = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket);
my @tokens;
for my $person (['holdover', @may, 'SeeCustomField', 'ModifyCustomField'], ['blind', @may]) {
    my ($name, @rights) = @$person;
    my $user = RT::User->new(RT->SystemUser);
    my ($ok, $says) = $user->Create(Name => $name, Privileged => 1);
    die $says unless $ok;
    for my $right (@rights) {
        ($ok, $says) = $user->PrincipalObj->GrantRight(Right => $right, Object => $queue);
        die "$right: $says" unless $ok;
    }
    my ($made, $message, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->Id, Description => $name);
    die $message unless $made;
    push @tokens, $token;
}
print join(',', @tokens), "\n";
P
library=$(dirname "$(dpkg -L request-tracker5 | grep 'lib/RT.pm$')")
perl -I"$library" "$folder/people.pl" >"$folder/tokens"
[ -s "$folder/tokens" ]
exec "$(dpkg -L request-tracker5 | grep 'libexec/rt-server$')" --server Starlet --host 127.0.0.1 --port "$port"
