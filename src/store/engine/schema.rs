//! The tables, the same on both engines.

use diesel::{allow_tables_to_appear_in_same_query, joinable};

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::store::engine::codec::Moment;

    organizations (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        personal_tokens -> Bool,
        api_keys -> Bool,
        created_at -> Moment,
        disabled_at -> Nullable<Moment>,
        device_flow -> Nullable<Text>,
        copy_code -> Nullable<Bool>,
        unrestricted_keys -> Nullable<Bool>,
        key_max_seconds -> Nullable<BigInt>,
        personal_token_creators -> Nullable<Text>,
        personal_token_max_seconds -> Nullable<BigInt>,
        created_by -> Nullable<Text>,
        deleted_at -> Nullable<Moment>,
        purged_at -> Nullable<Moment>,
        log_removed_at -> Nullable<Moment>,
        join_links -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::engine::codec::Moment;

    organization_names (slug) {
        slug -> Text,
        org_id -> Text,
        retired_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::store::engine::codec::Moment;

    readiness (id) {
        id -> BigInt,
        probed_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::engine::codec::Moment;

    users (id) {
        id -> Text,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        password_changed_at -> Nullable<Moment>,
        created_at -> Moment,
        disabled_at -> Nullable<Moment>,
        devices_forgotten_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::engine::codec::Moment;

    memberships (org_id, user_id) {
        org_id -> Text,
        user_id -> Text,
        role -> Text,
        created_at -> Moment,
        invited_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::engine::codec::Moment;

    ended_memberships (id) {
        id -> Text,
        org_id -> Text,
        user_id -> Text,
        role -> Text,
        created_at -> Moment,
        ended_at -> Moment,
        ended_by -> Nullable<Text>,
        reason -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    invitations (id) {
        id -> Text,
        org_id -> Text,
        address -> Text,
        role -> Text,
        note -> Text,
        token_hash -> Binary,
        invited_by -> Text,
        created_at -> Moment,
        ends_at -> Moment,
        state -> Text,
        state_at -> Moment,
        accepted_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Text};
    use crate::store::engine::codec::Moment;

    join_links (id) {
        id -> Text,
        org_id -> Text,
        role -> Text,
        domains -> Text,
        token_hash -> Binary,
        created_by -> Text,
        created_at -> Moment,
        ends_at -> Moment,
        max_uses -> BigInt,
        uses -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::engine::codec::Moment;

    service_accounts (id) {
        id -> Text,
        org_id -> Text,
        name -> Text,
        purpose -> Text,
        role -> Text,
        created_by -> Nullable<Text>,
        created_at -> Moment,
        disabled_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    clients (id) {
        id -> Text,
        name -> Text,
        kind -> Text,
        secret_hash -> Nullable<Binary>,
        redirect_uris -> Text,
        scopes -> Nullable<Text>,
        grants -> Text,
        org_id -> Nullable<Text>,
        command -> Nullable<Text>,
        access_seconds -> Nullable<BigInt>,
        created_at -> Moment,
        disabled_at -> Nullable<Moment>,
        version -> BigInt,
        old_secret_hash -> Nullable<Binary>,
        old_secret_ends_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use crate::store::engine::codec::Moment;

    credentials (id) {
        id -> Text,
        kind -> Text,
        org_id -> Text,
        user_id -> Nullable<Text>,
        service_account_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        name -> Text,
        scopes -> Text,
        unrestricted -> Bool,
        mode -> Nullable<Text>,
        secret_hash -> Nullable<Binary>,
        display_prefix -> Nullable<Text>,
        last_four -> Nullable<Text>,
        seed -> Nullable<Binary>,
        generation -> BigInt,
        rotated_at -> Nullable<Moment>,
        idle_ends_at -> Nullable<Moment>,
        ends_at -> Nullable<Moment>,
        auth_time -> Nullable<Moment>,
        created_at -> Moment,
        created_ip -> Nullable<Text>,
        device_name -> Nullable<Text>,
        device_os -> Nullable<Text>,
        tool_version -> Nullable<Text>,
        last_used_at -> Nullable<Moment>,
        last_used_ip -> Nullable<Text>,
        revoked_at -> Nullable<Moment>,
        revoked_reason -> Nullable<Text>,
        created_by_user -> Nullable<Text>,
        created_by_service_account -> Nullable<Text>,
        allowed_addresses -> Nullable<Text>,
        replaced_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    /// More columns of the table `credentials`: a diesel table has 32 columns at most.
    #[sql_name = "credentials"]
    more_of_credentials (id) {
        id -> Text,
        installation_hash -> Nullable<Binary>,
        due_at -> Nullable<Moment>,
        expired_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};

    removed_credentials (id) {
        id -> Text,
        name -> Text,
        mode -> Nullable<Text>,
        user_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    authorization_requests (id) {
        id -> Text,
        client_id -> Text,
        redirect_uri -> Text,
        state -> Nullable<Text>,
        scopes -> Text,
        code_challenge -> Nullable<Text>,
        nonce -> Nullable<Text>,
        prompt -> Nullable<Text>,
        max_age -> Nullable<BigInt>,
        login_hint -> Nullable<Text>,
        org_hint -> Nullable<Text>,
        device_name -> Nullable<Text>,
        device_os -> Nullable<Text>,
        tool_version -> Nullable<Text>,
        pushed_hash -> Nullable<Binary>,
        pushed_ip -> Nullable<Text>,
        short_code -> Nullable<Text>,
        browser_hash -> Nullable<Binary>,
        created_at -> Moment,
        expires_at -> Moment,
        status -> Text,
        error -> Nullable<Text>,
        error_description -> Nullable<Text>,
        answered_at -> Nullable<Moment>,
        user_id -> Nullable<Text>,
        org_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    authorization_codes (hash) {
        hash -> Binary,
        request_id -> Text,
        user_id -> Text,
        org_id -> Text,
        scopes -> Text,
        auth_time -> Moment,
        created_at -> Moment,
        expires_at -> Moment,
        wrong_tries -> BigInt,
        consumed_at -> Nullable<Moment>,
        credential_id -> Nullable<Text>,
        seed -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::store::engine::codec::Moment;

    password_resets (user_id) {
        user_id -> Text,
        token_hash -> Binary,
        created_at -> Moment,
        ends_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    web_sessions (hash) {
        hash -> Binary,
        user_id -> Text,
        created_at -> Moment,
        seen_at -> Moment,
        ends_at -> Moment,
        auth_time -> Moment,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary};
    use crate::store::engine::codec::Moment;

    throttled_sources (key) {
        key -> Binary,
        wrong -> BigInt,
        settled_at -> Moment,
        last_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::store::engine::codec::Moment;

    throttled_accounts (key) {
        key -> Binary,
        state -> Text,
        due_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    signing_keys (kid) {
        kid -> Text,
        state -> Text,
        algorithm -> Text,
        public_jwk -> Text,
        private_sealed -> Binary,
        created_at -> Moment,
        activated_at -> Nullable<Moment>,
        retired_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::engine::codec::Moment;

    facts (name) {
        name -> Text,
        value -> Text,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Text};

    audit_heads (chain) {
        chain -> Text,
        sequence -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    audit_events (id) {
        id -> Text,
        chain -> Text,
        sequence -> BigInt,
        at -> Moment,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        org_id -> Nullable<Text>,
        credential_id -> Nullable<Text>,
        action -> Text,
        target -> Nullable<Text>,
        outcome -> Text,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
        details -> Text,
        previous_hash -> Binary,
        hash -> Binary,
        version -> BigInt,
        commitments -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};

    person_values (event_id, field) {
        event_id -> Text,
        field -> Text,
        user_id -> Nullable<Text>,
        salt -> Binary,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::engine::codec::Moment;

    member_events (org_id, sequence) {
        org_id -> Text,
        sequence -> BigInt,
        at -> Moment,
        user_id -> Text,
        actor_id -> Nullable<Text>,
        action -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::store::engine::codec::Moment;

    device_requests (id) {
        id -> Text,
        device_hash -> Binary,
        user_code_hash -> Binary,
        client_id -> Text,
        scopes -> Text,
        org_hint -> Nullable<Text>,
        device_name -> Nullable<Text>,
        device_os -> Nullable<Text>,
        tool_version -> Nullable<Text>,
        ip -> Nullable<Text>,
        interval_seconds -> BigInt,
        polled_at -> Nullable<Moment>,
        browser_hash -> Nullable<Binary>,
        created_at -> Moment,
        expires_at -> Moment,
        status -> Text,
        answered_at -> Nullable<Moment>,
        answered_ip -> Nullable<Text>,
        user_id -> Nullable<Text>,
        org_id -> Nullable<Text>,
        granted -> Nullable<Text>,
        auth_time -> Nullable<Moment>,
        consumed_at -> Nullable<Moment>,
        credential_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;
    use crate::store::engine::codec::Moment;

    rates (key) {
        key -> Binary,
        settled_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::engine::codec::Moment;

    uses (id) {
        id -> Text,
        at -> Moment,
        org_id -> Text,
        user_id -> Nullable<Text>,
        service_account_id -> Nullable<Text>,
        credential_id -> Text,
        endpoint -> Text,
        outcome -> Text,
        status -> BigInt,
        ip -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    usage (org_id, day, credential_id, endpoint, outcome) {
        org_id -> Text,
        day -> Text,
        credential_id -> Text,
        endpoint -> Text,
        outcome -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use crate::store::engine::codec::Moment;

    idempotency_records (key) {
        key -> Binary,
        request -> Binary,
        status -> Nullable<BigInt>,
        sealed -> Nullable<Binary>,
        expires_at -> Moment,
    }
}

joinable!(memberships -> organizations (org_id));
joinable!(memberships -> users (user_id));
joinable!(invitations -> organizations (org_id));
joinable!(organization_names -> organizations (org_id));
joinable!(join_links -> organizations (org_id));
joinable!(service_accounts -> organizations (org_id));
joinable!(credentials -> organizations (org_id));
joinable!(credentials -> users (user_id));
joinable!(credentials -> clients (client_id));
joinable!(authorization_requests -> clients (client_id));
joinable!(authorization_codes -> authorization_requests (request_id));
joinable!(password_resets -> users (user_id));
joinable!(web_sessions -> users (user_id));

allow_tables_to_appear_in_same_query!(
    organizations,
    organization_names,
    users,
    memberships,
    ended_memberships,
    invitations,
    join_links,
    service_accounts,
    clients,
    credentials,
    removed_credentials,
    authorization_requests,
    authorization_codes,
    password_resets,
    web_sessions,
    throttled_accounts,
    throttled_sources,
    device_requests,
    rates,
    idempotency_records,
    signing_keys,
    facts,
    counters,
    audit_heads,
    audit_events,
    person_values,
    member_events,
    uses,
    usage
);
