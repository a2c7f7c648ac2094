// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

import io.vfio4j.model.DeviceState;
import java.util.Locale;

/** The data session that is open in a state. */
enum SessionKind {
  NONE, SAVING, RESUMING;

  static SessionKind of(DeviceState state) {
    if (state == DeviceState.RESUMING) {
      return RESUMING;
    }
    return state.isSaving() ? SAVING : NONE;
  }

  String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
