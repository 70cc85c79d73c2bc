//! The cases of `NameResolver`.

mod pointer;
mod publish;
mod resolve;
mod support;
mod withdraw;

use super::case::{Case, list_cases};

pub(super) fn cases() -> Vec<Case> {
    list_cases![Names:
        "publish_replaces_the_whole_set" => publish::replaces,
        "publish_replaces_the_whole_set__by_nothing" => publish::by_nothing,
        "publish_replaces_the_whole_set__under_another_service" => publish::another_service,
        "publish_replaces_the_whole_set__with_a_new_address" => publish::new_address,
        "publish_twice_is_unchanged" => publish::twice,
        "publish_twice_is_unchanged__in_any_order" => publish::any_order,
        "publish_leaves_other_sets_alone" => publish::other_sets,
        "publish_leaves_other_sets_alone__of_another_namespace" [OtherNamespace] => publish::other_namespace,
        "withdraw_of_the_unknown_is_fine" => withdraw::unknown,
        "withdraw_of_the_unknown_is_fine__twice" => withdraw::twice,
        "withdraw_removes_every_name" => withdraw::every_name,
        "withdraw_removes_every_name__of_this_set_only" => withdraw::this_set_only,
        "resolve_pet_gives_its_address" => resolve::pet,
        "resolve_pet_gives_its_address__when_it_is_ready" => resolve::ready_pet,
        "resolve_pet_gives_its_address__unready_where_published" => resolve::unready_pet,
        "resolve_pet_gives_its_address__below_other_services" => resolve::pet_below_other_service,
        "resolve_pet_gives_its_address__in_any_spelling" => resolve::any_spelling,
        "resolve_service_gives_ready_pets" => resolve::ready_pets,
        "resolve_service_gives_ready_pets__of_ten_and_more" => resolve::many_pets,
        "resolve_service_gives_ready_pets__also_of_other_services" => resolve::other_service,
        "resolve_service_gives_ready_pets__and_others_where_published" => resolve::unready_pets,
        "resolve_service_gives_ready_pets__of_none" => resolve::no_pets,
        "resolve_srv_gives_one_target_per_pet_and_named_port" [Srv] => resolve::srv,
        "resolve_srv_gives_one_target_per_pet_and_named_port__of_known_ports_only" [Srv] => resolve::srv_of_unknown_port,
        "resolve_unknown_is_not_found" => resolve::unknown,
        "resolve_unknown_is_not_found__of_malformed_names" => resolve::malformed,
        "resolve_ptr_gives_the_pets_name" [Ptr] => pointer::of_a_pet,
        "resolve_ptr_gives_the_pets_name__as_long_as_it_has_one" [Ptr] => pointer::of_nobody,
    ]
}
