// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/** Where the rules are written. */
final class Sources {

  static final String STATES = "uapi/linux/vfio.h, enum vfio_device_mig_state";
  static final String DEVICE_STATE = "uapi/linux/vfio.h, struct vfio_device_feature_mig_state";
  static final String FEATURES = "uapi/linux/vfio.h, struct vfio_device_feature_migration";
  static final String PRE_COPY_INFO = "uapi/linux/vfio.h, struct vfio_precopy_info";
  static final String DATA_SIZE = "uapi/linux/vfio.h, struct vfio_device_feature_mig_data_size";
  static final String LOG_START = "uapi/linux/vfio.h, struct vfio_device_feature_dma_logging_control";
  static final String LOG_REPORT = "uapi/linux/vfio.h, struct vfio_device_feature_dma_logging_report";
  static final String RESET = "uapi/linux/vfio.h, VFIO_DEVICE_RESET";
  static final String ARCS = "The VFIO migration device state, 2. Version 2: driver arcs and combinations";
  static final String SESSIONS = "The VFIO migration device state, 2. Version 2: data sessions";
  static final String FAILURE = "The VFIO migration device state, 2. Version 2: failure";
  static final String PRE_COPY =
      "The VFIO migration device state, 2. Version 2: PRE_COPY info on the data fd";
  static final String LOGGING = "The VFIO migration device state, 2. Version 2: DMA logging";
  static final String INITIAL = "The VFIO migration device state, 1. Version 1: rules, initial state";
  static final String STOPPED = "The VFIO migration device state, 1. Version 1: rules, !RUNNING";
  static final String FIELD = "The VFIO migration device state, 1. Version 1: device_state as a bitfield";
  static final String RULES = "The VFIO migration device state, 1. Version 1: rules";
  static final String ORDER = "The VFIO migration device state, 1. Version 1: the order of actions";
  static final String REGION = "The VFIO migration device state, 1. Version 1: the migration region";
  static final String TRANSITIONS = "The VFIO migration device state, 1. Version 1: the twenty transitions";
  static final String IN_IS_OUT = "The VFIO migration device state, 1. Version 1: in = out check";

  private Sources() {
  }
}
