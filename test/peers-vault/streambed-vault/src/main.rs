//! streambed's own client of secret stores: logs in with role and secret id, and as a user, and reads what it may and
//! may not. Arguments: URL, role id, secret id, user name, password. Panics when anything is not as it should be.
use std::collections::HashMap;
use std::env;
use std::time::Duration;
use streambed::secret_store::{Error, SecretStore};
use streambed_vault::VaultSecretStore;

fn connect(url: &str) -> VaultSecretStore {
    let server = url.parse().expect("URL");
    VaultSecretStore::new(server, None, false, Duration::from_secs(60), 100, Some("ttl"))
}

async fn read_as_device(store: &VaultSecretStore) {
    let reply = store.get_secret("default/secrets.some-secret").await.expect("get").expect("a secret");
    assert_eq!(reply.lease_duration, 0);
    assert_eq!(reply.data.data, HashMap::from([("value".into(), "1234".into()), ("ttl".into(), "1m".into())]));
    let key = "secrets.end-device-events.key.0000000000018879";
    assert_eq!(store.get_secret(key).await.expect("get").expect("a key").data.data["value"], "00".repeat(16));
    assert!(store.get_secret("default/none").await.expect("get").is_none(), "absent");
    assert!(store.get_secret("default/nested").await.expect("get").is_none(), "not of strings");
    assert!(store.get_secret("default/deleted").await.expect("get").is_none(), "deleted");
    assert!(matches!(store.get_secret("other/secret").await, Err(Error::Unauthorized)));
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [url, role_id, secret_id, user, password] = args.as_slice() else { panic!("five arguments") };

    let nobody = connect(url);
    assert!(matches!(nobody.get_secret("default/secrets.some-secret").await, Err(Error::Unauthorized)));
    assert!(matches!(nobody.approle_auth(role_id, "wrong").await, Err(Error::Unauthorized)));

    let device = connect(url);
    let login = device.approle_auth(role_id, secret_id).await.expect("login");
    assert_eq!(login.auth.lease_duration, 1200);
    assert!(login.auth.client_token.starts_with("hvs."));
    read_as_device(&device).await;
    device.approle_auth(role_id, secret_id).await.expect("the same secret id again");
    let prepared = VaultSecretStore::with_new_auth_prepared(&device);
    assert!(matches!(prepared.userpass_auth(user, "wrong").await, Err(Error::Unauthorized)));

    let person = connect(url);
    assert!(person.userpass_auth(user, password).await.expect("login").auth.lease_duration > 0);
    person.userpass_create_update_user(user, user, "another").await.expect("a new password");
    assert!(matches!(connect(url).userpass_auth(user, password).await, Err(Error::Unauthorized)));
    connect(url).userpass_auth(user, "another").await.expect("login with the new password");
    let denied = device.userpass_create_update_user(user, user, "stolen").await;
    assert!(matches!(denied, Err(Error::Unauthorized)));
}
