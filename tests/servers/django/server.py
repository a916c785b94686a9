"""Serves django-oauth-toolkit at TrackTik's path, for tests.

The library answers POST /rest/oauth2/access_token by itself, with its own defaults. This file only
mounts it on a TLS port, counts what it answered, and lets a test make accounts on a plain control
port; both are on loopback. It ends when its stdin does, so that it cannot outlive the test that
started it.
"""

import argparse
import collections
import json
import pathlib
import secrets
import signal
import ssl
import sys
import tempfile
import threading
import time

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import HttpResponse, JsonResponse
from django.urls import path

totals = {"logins": 0, "refused": 0, "refreshes": 0, "repeatedRefreshTokens": 0}
by_username = collections.defaultdict(lambda: {"logins": 0, "refused": 0, "refreshes": 0, "loginTimes": []})
refresh_tokens_seen = set()
# Whatever became of the answer. What is lost on its way is in no Secret, and in no other record.
tokens_granted = collections.defaultdict(list)
# Requests run in threads; a test compares these numbers exactly.
counting = threading.Lock()


def configure(folder, access_token_seconds):
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "[::1]"],
        SECRET_KEY=secrets.token_hex(32),
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "oauth2_provider"],
        ROOT_URLCONF=TOKEN_ROUTES,
        MIDDLEWARE=[
            # As in every Django project. It sets Content-Length, without which a body over TLS
            # would end in a closed connection, which a careful client takes for a cut-off one.
            "django.middleware.common.CommonMiddleware",
            f"{__name__}.route_by_listener",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "oauth.sqlite3",
                # A deferred transaction that turns into a write fails at once when another writes.
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
            }
        },
        # Tables straight from the models: replaying the migrations would triple the time to start.
        MIGRATION_MODULES=dict.fromkeys(["contenttypes", "auth", "oauth2_provider"]),
        # The default hash is slow on purpose, half a second per login on a small machine.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        OAUTH2_PROVIDER={
            "ACCESS_TOKEN_EXPIRE_SECONDS": access_token_seconds,
            # A refresh token that comes twice ends all that came of its session, as RFC 9700 asks of servers.
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
        },
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"stderr": {"class": "logging.StreamHandler"}},
            "loggers": {
                # Without this line a failure inside the library would be a 500 without a cause.
                "django.request": {"handlers": ["stderr"], "level": "ERROR"},
                # At each login it advises against the password grant, which is what is tested here.
                "oauth2_provider": {"level": "ERROR"},
            },
        },
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)


def route_by_listener(get_response):
    """Keeps the control paths off the TLS port, where a client under test could reach them."""

    def middleware(request):
        if not request.is_secure():
            request.urlconf = CONTROL_ROUTES
        return get_response(request)

    return middleware


def token(request):
    from oauth2_provider.views import TokenView

    grant, username = request.POST.get("grant_type"), request.POST.get("username")
    refresh_token = request.POST.get("refresh_token")
    if refresh_token:
        username = owner_of(refresh_token)
        with counting:
            totals["repeatedRefreshTokens"] += refresh_token in refresh_tokens_seen
            refresh_tokens_seen.add(refresh_token)
    outcome = "refused"
    try:
        response = TokenView.as_view()(request)
        if response.status_code == 200:
            outcome = "refreshes" if grant == "refresh_token" else "logins"
            answer = json.loads(response.content)
            with counting:
                tokens_granted[username] += [answer["access_token"], answer["refresh_token"]]
        return response
    finally:
        # Also when the library raises: Django turns that into a 500, and the client saw a refusal.
        if request.method == "POST":
            with counting:
                totals[outcome] += 1
                if username:
                    by_username[username][outcome] += 1
                    if outcome == "logins":
                        by_username[username]["loginTimes"].append(time.monotonic_ns() // 1_000_000)


def owner_of(refresh_token):
    from oauth2_provider.models import RefreshToken

    # A used one stays in the table, as revoked.
    known = RefreshToken.objects.filter(token=refresh_token).select_related("user").first()
    return known.user.username if known else None


def whoami(request):
    from oauth2_provider.oauth2_backends import get_oauthlib_core

    valid, checked = get_oauthlib_core().verify_request(request, scopes=[])
    if not valid:
        return JsonResponse({"error": "invalid_token"}, status=401)
    return JsonResponse({"username": checked.user.username})


def accounts(request):
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    wanted = json.loads(request.body)
    user, _ = User.objects.get_or_create(username=wanted["username"])
    user.set_password(wanted["password"])
    user.save()
    Application.objects.update_or_create(
        client_id=wanted["clientId"],
        defaults={
            "client_secret": wanted["clientSecret"],
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": Application.GRANT_PASSWORD,
        },
    )
    return HttpResponse(status=204)


def password(request):
    from django.contrib.auth.models import User

    wanted = json.loads(request.body)
    user = User.objects.filter(username=wanted["username"]).first()
    if user is None:
        return HttpResponse(status=404)
    user.set_password(wanted["password"])
    user.save()
    return HttpResponse(status=204)


def counts(_request):
    with counting:
        return JsonResponse({**totals, "byUsername": by_username})


def granted(request):
    with counting:
        return JsonResponse(tokens_granted[json.loads(request.body)["username"]], safe=False)


TOKEN_ROUTES = (path("rest/oauth2/access_token", token), path("whoami", whoami))
CONTROL_ROUTES = (
    path("accounts", accounts),
    path("accounts/password", password),
    path("counts", counts),
    path("granted", granted),
)


class Handler(WSGIRequestHandler):
    # Headers and body leave in two packets; held back, the second costs 40 ms a request.
    disable_nagle_algorithm = True


class TlsServer(ThreadedWSGIServer):
    """The handshake runs in the request's thread: a client that stalls in it stalls nobody else."""

    tls = None

    def get_request(self):
        connection, address = super().get_request()
        wrapped = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request, client_address):
        # A client that refuses the certificate is a test's business, not a traceback.
        failure = sys.exc_info()[1]
        if isinstance(failure, OSError):
            print(f"connection ended: {type(failure).__name__}", file=sys.stderr)
        else:
            super().handle_error(request, client_address)


def listen(kind):
    server = kind(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.set_app(WSGIHandler())
    return server


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cert", required=True, help="PEM chain of the TLS port")
    arguments.add_argument("--key", required=True, help="PEM key of the TLS port")
    arguments.add_argument("--access-token-seconds", required=True, type=int)
    options = arguments.parse_args()
    # As an exception SIGTERM passes through the `with` below, which removes the folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    with tempfile.TemporaryDirectory(prefix="oauth-django-") as folder:
        configure(pathlib.Path(folder), options.access_token_seconds)
        TlsServer.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        TlsServer.tls.load_cert_chain(options.cert, options.key)
        secure, control = listen(TlsServer), listen(ThreadedWSGIServer)
        # How Django learns that a request came over TLS when its own server speaks it.
        secure.base_environ["HTTPS"] = "on"
        for server in (secure, control):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = {
            "ready": True,
            "port": secure.server_port,
            "controlPort": control.server_port,
        }
        print(json.dumps(ready), flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
