// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.harness;

/** The texts that specify the requirements. */
public final class SpecReferences {

  public static final String STATES = "uapi/linux/vfio.h, enum vfio_device_mig_state";
  public static final String DEVICE_STATE = "uapi/linux/vfio.h, struct vfio_device_feature_mig_state";
  public static final String FEATURES = "uapi/linux/vfio.h, struct vfio_device_feature_migration";
  public static final String PRE_COPY_INFO = "uapi/linux/vfio.h, struct vfio_precopy_info";
  public static final String DATA_SIZE = "uapi/linux/vfio.h, struct vfio_device_feature_mig_data_size";

  public static final String RESET = "uapi/linux/vfio.h, VFIO_DEVICE_RESET";
  public static final String ARCS =
      "The VFIO migration device state, 2. Version 2: driver arcs and combinations";
  public static final String SESSIONS = "The VFIO migration device state, 2. Version 2: data sessions";
  public static final String FAILURE = "The VFIO migration device state, 2. Version 2: failure";
  public static final String PRE_COPY =
      "The VFIO migration device state, 2. Version 2: PRE_COPY info on the data fd";
  public static final String LOGGING = "The VFIO migration device state, 2. Version 2: DMA logging";
  public static final String INITIAL = "The VFIO migration device state, 1. Version 1: rules, initial state";
  public static final String STOPPED = "The VFIO migration device state, 1. Version 1: rules, !RUNNING";
  public static final String FIELD =
      "The VFIO migration device state, 1. Version 1: device_state as a bitfield";
  public static final String RULES = "The VFIO migration device state, 1. Version 1: rules";
  public static final String ORDER = "The VFIO migration device state, 1. Version 1: the order of actions";
  public static final String REGION = "The VFIO migration device state, 1. Version 1: the migration region";
  public static final String TRANSITIONS =
      "The VFIO migration device state, 1. Version 1: the twenty transitions";
  public static final String ROUND_TRIP = "The VFIO migration device state, 1. Version 1: in = out check";

  public static final String CONTROL_SOCKET = "docs/control-socket.md: The control socket";
  public static final String CONTROL_CLIENT = "docs/control-socket.md: What a client may send";
  public static final String CONTROL_HOLD = "docs/control-socket.md: What waits";
  public static final String CONTROL_INFO = "docs/control-socket.md: CONTROL_INFO, 0xff10";

  private SpecReferences() {
  }
}
