"""Sessions of Python's hvac with the service. Arguments: session, URL, token. Ends with 0 when all is as it should be.

They share one service and run in this order, each with mounts and names of its own; the last one seals it.
"""
import base64
import sys

import hvac
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown

READER = 'path "secret/data/app/*" { capabilities = ["read"] }'


def connect(token=None):
    # The environment names no token; hvac would look for one in the home directory.
    return hvac.Client(url=URL, token=token or "")


def fails(kind, text, call, *args, **named):
    try:
        call(*args, **named)
    except kind as error:
        assert text in str(error), error
        return
    raise AssertionError(f"no {kind.__name__}")


def status(response):
    """Where there is nothing to say, hvac hands out the response itself."""
    return response.status_code


def b64(text):
    return base64.b64encode(text.encode()).decode()


def session_authentication(root):
    assert root.is_authenticated()
    assert not connect("hvs.nobody").is_authenticated()
    assert not connect().is_authenticated()


def session_system(root):
    health = root.sys.read_health_status()
    assert health.status_code == 200
    assert health.content == b""
    health = root.sys.read_health_status(method="GET")
    assert health["initialized"] and not health["sealed"] and not health["standby"]
    assert root.sys.is_initialized()
    assert not root.sys.is_sealed()
    assert root.sys.read_seal_status()["storage_type"] == "file"
    assert root.sys.read_leader_status()["ha_enabled"] is False
    mounts = root.sys.list_mounted_secrets_engines()
    assert mounts["data"]["secret/"]["options"] == {"version": "2"}
    assert mounts["secret/"] == mounts["data"]["secret/"]
    assert root.sys.list_auth_methods()["data"]["token/"]["type"] == "token"


def session_kv_version_2(root):
    kv = root.secrets.kv.v2
    assert kv.create_or_update_secret("app/one", {"x": "1", "n": 3}, cas=0)["data"]["version"] == 1
    fails(InvalidRequest, "check-and-set", kv.create_or_update_secret, "app/one", {"x": "2"}, cas=0)
    assert kv.create_or_update_secret("app/one", {"x": "2"}, cas=1)["data"]["version"] == 2
    assert kv.read_secret_version("app/one", version=1, raise_on_deleted_version=False)["data"]["data"] == {
        "x": "1",
        "n": 3,
    }
    assert kv.list_secrets("")["data"]["keys"] == ["app/"]
    assert kv.list_secrets("app")["data"]["keys"] == ["one"]
    fails(InvalidPath, "", kv.list_secrets, "nothing")
    assert kv.patch("app/one", {"y": "z"})["data"]["version"] == 3
    fails(InvalidPath, "No value found", kv.patch, "app/none", {"y": "z"})
    read = kv.read_secret_version("app/one", raise_on_deleted_version=False)
    assert read["data"]["data"] == {"x": "2", "y": "z"}
    fails(InvalidPath, "", kv.read_secret_version, "app/one", version=9, raise_on_deleted_version=False)


def session_kv_version_2_deleted(root):
    kv = root.secrets.kv.v2
    for value in "123":
        kv.create_or_update_secret("gone", {"v": value})
    assert status(kv.delete_latest_version_of_secret("gone")) == 204
    deleted = kv.read_secret_version("gone", raise_on_deleted_version=False)["data"]
    assert deleted["data"] is None
    assert deleted["metadata"]["deletion_time"] != ""
    fails(InvalidPath, "deletion_time", kv.read_secret_version, "gone", raise_on_deleted_version=True)
    fails(InvalidPath, "No value found", kv.patch, "gone", {"y": "z"})
    assert status(kv.undelete_secret_versions("gone", [3])) == 204
    assert kv.read_secret_version("gone", raise_on_deleted_version=False)["data"]["data"] == {"v": "3"}
    assert status(kv.delete_secret_versions("gone", [1, 2])) == 204
    assert status(kv.destroy_secret_versions("gone", [1])) == 204
    destroyed = kv.read_secret_version("gone", version=1, raise_on_deleted_version=False)["data"]
    assert destroyed["data"] is None and destroyed["metadata"]["destroyed"]


def session_kv_version_2_metadata(root):
    kv = root.secrets.kv.v2
    kv.create_or_update_secret("described", {"v": "1"})
    assert status(kv.update_metadata("described", max_versions=3, custom_metadata={"owner": "us"})) == 204
    data = kv.read_secret_metadata("described")["data"]
    assert (data["max_versions"], data["custom_metadata"], data["current_version"]) == (3, {"owner": "us"}, 1)
    assert data["delete_version_after"] == "0s"
    assert status(kv.delete_metadata_and_all_versions("described")) == 204
    fails(InvalidPath, "", kv.read_secret_metadata, "described")
    assert status(root.sys.enable_secrets_engine("kv-v2", path="configured")) == 204
    kv.configure(max_versions=7, cas_required=True, delete_version_after="10h", mount_point="configured")
    config = kv.read_configuration(mount_point="configured")["data"]
    assert config == {"max_versions": 7, "cas_required": True, "delete_version_after": "10h0m0s"}
    write = kv.create_or_update_secret
    fails(InvalidRequest, "check-and-set parameter required", write, "x", {"a": "b"}, mount_point="configured")


def session_kv_version_1(root):
    kv = root.secrets.kv.v1
    assert status(root.sys.enable_secrets_engine("kv", path="one", options={"version": "1"})) == 204
    fails(InvalidRequest, "path is already in use at one/", root.sys.enable_secrets_engine, "kv", path="one")
    for value in "bc":  # POST the first time, then PUT
        assert status(kv.create_or_update_secret("x", {"a": value}, mount_point="one")) == 204
    read = kv.read_secret("x", mount_point="one")
    assert (read["data"], read["lease_duration"]) == ({"a": "c"}, 2764800)
    assert kv.list_secrets("", mount_point="one")["data"]["keys"] == ["x"]
    assert status(kv.delete_secret("x", mount_point="one")) == 204
    fails(InvalidPath, "", kv.read_secret, "x", mount_point="one")
    root.sys.tune_mount_configuration("one", default_lease_ttl="1h", description="old")
    tuned = root.sys.read_mount_configuration("one")["data"]
    assert (tuned["default_lease_ttl"], tuned["description"]) == (3600, "old")
    assert status(root.sys.disable_secrets_engine("one")) == 204


def session_policies(root):
    system = root.sys
    assert status(system.create_or_update_policy("reader", READER)) == 204
    assert system.read_policy("reader")["data"] == {"name": "reader", "rules": READER}
    system.create_or_update_policy("of-json", {"path": {"a/*": {"capabilities": ["list"]}}})
    assert {"default", "root", "reader", "of-json"} <= set(system.list_policies()["data"]["policies"])
    assert status(system.delete_policy("of-json")) == 204
    assert status(system.create_or_update_acl_policy("newer", READER)) == 204
    assert system.read_acl_policy("newer")["data"]["policy"] == READER
    assert "newer" in system.list_acl_policies()["data"]["keys"]
    assert status(system.delete_acl_policy("newer")) == 204
    fails(InvalidPath, "", system.read_acl_policy, "newer")
    fails(InvalidRequest, 'invalid capability "fly"', system.create_or_update_policy, "bad", READER.replace("read", "fly"))


def session_approle(root):
    root.sys.create_or_update_policy("reader", READER)
    root.secrets.kv.v2.create_or_update_secret("app/two", {"a": "b"})
    assert status(root.sys.enable_auth_method("approle")) == 204
    approle = root.auth.approle
    approle.create_or_update_approle("robot", token_policies=["reader"], token_ttl="20m", token_max_ttl="1h")
    role = approle.read_role("robot")["data"]
    assert (role["token_ttl"], role["token_max_ttl"], role["token_policies"]) == (1200, 3600, ["reader"])
    assert approle.list_roles()["data"]["keys"] == ["robot"]
    assert approle.read_role_id("robot")["data"]["role_id"]
    approle.update_role_id("robot", "robot-of-ours")
    made = approle.generate_secret_id("robot", metadata={"host": "h"})["data"]
    approle.create_custom_secret_id("robot", "of-ours", metadata={"host": "i"})
    assert len(approle.list_secret_id_accessors("robot")["data"]["keys"]) == 2
    for looked in (
        approle.read_secret_id("robot", made["secret_id"]),
        approle.read_secret_id_accessor("robot", made["secret_id_accessor"]),
    ):
        assert looked["data"]["metadata"] == {"host": "h"}
        assert looked["data"]["expiration_time"] == "0001-01-01T00:00:00Z"

    robot = connect()
    auth = robot.auth.approle.login("robot-of-ours", made["secret_id"])["auth"]
    assert auth["lease_duration"] == 1200
    assert auth["metadata"] == {"role_name": "robot", "host": "h"}
    assert robot.is_authenticated()
    kv = robot.secrets.kv.v2
    assert kv.read_secret_version("app/two", raise_on_deleted_version=False)["data"]["data"] == {"a": "b"}
    fails(Forbidden, "permission denied", kv.create_or_update_secret, "app/two", {})
    fails(InvalidRequest, "invalid role or secret ID", robot.auth.approle.login, "robot-of-ours", "wrong")
    assert robot.auth.approle.login("robot-of-ours", "of-ours", use_token=False)["auth"]["metadata"]["host"] == "i"

    approle.destroy_secret_id("robot", "of-ours")
    approle.destroy_secret_id_accessor("robot", made["secret_id_accessor"])
    assert status(approle.read_secret_id("robot", "of-ours")) == 204
    missing = approle.read_secret_id_accessor
    fails(InvalidPath, "failed to find accessor entry", missing, "robot", made["secret_id_accessor"])
    approle.delete_role("robot")
    fails(InvalidPath, "", approle.read_role, "robot")


def session_userpass(root):
    root.sys.enable_auth_method("userpass", path="people", config={"default_lease_ttl": "30m"})
    userpass, at = root.auth.userpass, {"mount_point": "people"}
    userpass.create_or_update_user("Joe", "pw", policies="reader", **at)
    assert userpass.read_user("joe", **at)["data"]["token_policies"] == ["reader"]
    assert userpass.list_user(**at)["data"]["keys"] == ["joe"]
    joe = connect()
    auth = joe.auth.userpass.login("joe", "pw", **at)["auth"]
    assert (auth["lease_duration"], auth["metadata"]) == (1800, {"username": "joe"})
    assert joe.is_authenticated()
    userpass.update_password_on_user("joe", "another", **at)
    fails(InvalidRequest, "invalid username or password", connect().auth.userpass.login, "joe", "pw", **at)
    connect().auth.userpass.login("joe", "another", **at)
    userpass.delete_user("joe", **at)
    fails(InvalidPath, "", userpass.read_user, "joe", **at)
    root.sys.disable_auth_method("people")
    assert not joe.is_authenticated()


def session_tokens(root):
    root.sys.create_or_update_policy("reader", READER)
    token = root.auth.token
    made = token.create(policies=["reader"], ttl="1h", meta={"a": "b"}, display_name="d")["auth"]
    own, accessor = made["client_token"], made["accessor"]
    looked = token.lookup(own)["data"]
    assert (looked["display_name"], looked["meta"], looked["creation_ttl"]) == ("token-d", {"a": "b"}, 3600)
    assert token.lookup_accessor(accessor)["data"]["id"] == ""
    assert accessor in token.list_accessors()["data"]["keys"]
    assert token.renew(own, increment="30m")["auth"]["lease_duration"] == 1800
    assert token.renew_accessor(accessor)["auth"]["lease_duration"] == 3600
    client = connect(own)
    assert client.auth.token.renew_self()["auth"]["client_token"] == own
    assert client.auth.token.lookup_self()["data"]["policies"] == ["default", "reader"]
    paths = ["secret/data/app/x", "sys/mounts"]
    for granted in (
        root.sys.get_capabilities(paths, token=own),
        root.sys.get_capabilities(paths, accessor=accessor),
        client.sys.get_capabilities(paths),
    ):
        assert granted["data"] == {paths[0]: ["read"], paths[1]: ["deny"]}
    assert token.create_orphan(policies=["reader"], period="1h")["auth"]["orphan"]
    assert status(token.revoke_accessor(accessor)) == 204
    assert not client.is_authenticated()
    fails(Forbidden, "bad token", token.lookup, own)
    fails(InvalidRequest, "invalid accessor", token.lookup_accessor, accessor)
    assert status(token.revoke(own)) == 204
    another = connect(token.create(policies=["reader"])["auth"]["client_token"])
    another.logout(revoke_token=True)
    assert not another.is_authenticated()


def session_wrapping(root):
    wrapped = root.sys.wrap({"a": "b"}, ttl="2m")["wrap_info"]
    assert (wrapped["ttl"], wrapped["creation_path"]) == (120, "sys/wrapping/wrap")
    assert root.sys.unwrap(wrapped["token"])["data"] == {"a": "b"}
    fails(InvalidRequest, "wrapping token is not valid or does not exist", root.sys.unwrap, wrapped["token"])
    root.sys.enable_auth_method("approle", path="devices")
    root.auth.approle.create_or_update_approle("robot", mount_point="devices")
    made = root.auth.approle.generate_secret_id("robot", mount_point="devices", wrap_ttl="60s")
    assert made["data"] is None
    assert connect(made["wrap_info"]["token"]).sys.unwrap()["data"]["secret_id"]


def session_transit(root):
    root.sys.enable_secrets_engine("transit")
    transit = root.secrets.transit
    for kind in ("aes256-gcm96", "chacha20-poly1305"):
        transit.create_key(kind, key_type=kind)
        assert transit.read_key(kind)["data"]["type"] == kind
        sealed = transit.encrypt_data(kind, plaintext=b64("22.5"))["data"]["ciphertext"]
        assert sealed.startswith("vault:v1:")
        assert transit.decrypt_data(kind, ciphertext=sealed)["data"]["plaintext"] == b64("22.5")
    assert transit.list_keys()["data"]["keys"] == ["aes256-gcm96", "chacha20-poly1305"]
    key = "aes256-gcm96"
    old = transit.encrypt_data(key, plaintext=b64("old"))["data"]["ciphertext"]
    transit.rotate_key(key)
    assert transit.rewrap_data(key, ciphertext=old)["data"]["ciphertext"].startswith("vault:v2:")
    batch = transit.encrypt_data(key, batch_input=[{"plaintext": b64("1")}, {"plaintext": b64("2")}])
    opened = transit.decrypt_data(key, batch_input=batch["data"]["batch_results"])["data"]["batch_results"]
    assert [item["plaintext"] for item in opened] == [b64("1"), b64("2")]
    transit.update_key_configuration(key, min_decryption_version=2, deletion_allowed=True)
    fails(InvalidRequest, "too old", transit.decrypt_data, key, ciphertext=old)
    assert "plaintext" in transit.generate_data_key(key, "plaintext")["data"]
    hmac = transit.generate_hmac(key, hash_input=b64("x"), algorithm="sha2-256")["data"]["hmac"]
    verified = transit.verify_signed_data(key, hash_input=b64("x"), hmac=hmac, hash_algorithm="sha2-256")
    assert verified["data"]["valid"]
    transit.trim_key(key, 2)
    transit.delete_key(key)
    fails(InvalidPath, "", transit.read_key, key)


def session_seal(root):
    assert status(root.sys.seal()) == 204
    assert root.sys.is_sealed()
    assert root.sys.read_health_status().status_code == 503
    fails(VaultDown, "Vault is sealed", root.secrets.kv.v2.read_secret_version, "x", raise_on_deleted_version=False)


NAME, URL, TOKEN = sys.argv[1:]
globals()[f"session_{NAME}"](connect(TOKEN))
