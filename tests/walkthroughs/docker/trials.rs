//! The trials that only an engine can have.

use libtest_mimic::Trial;

use super::{old_engine, trouble};
use crate::place::On;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let on = On::Docker;
    vec![
        trial(on, "trouble_unknown_image", trouble::unknown_image),
        trial(on, "trouble_missing_config_map_key", trouble::missing_config_map_key),
        trial(on, "trouble_missing_secret", trouble::missing_secret),
        trial(on, "trouble_sub_path_is_a_file", trouble::sub_path_is_a_file),
        trial(on, "trouble_host_port_in_use", trouble::host_port_in_use),
        trial(on, "trouble_name_of_a_foreign_container", trouble::name_of_a_foreign_container),
        trial(on, "trouble_network_is_removed", trouble::network_is_removed),
        trial(on, "trouble_volume_is_removed_s7", trouble::volume_is_removed_s7),
        trial(on, "trouble_volume_in_use_elsewhere", trouble::volume_in_use_elsewhere),
        trial(on, "trouble_volume_written_by_another_s1", trouble::volume_written_by_another),
        trial(on, "trouble_directory_of_a_class_is_missing", trouble::directory_of_a_class_is_missing),
        trial(on, "bad_input_is_refused_by_field", trouble::refused_by_field),
        trial(on, "trouble_too_old_engine", old_engine::is_refused),
    ]
}
