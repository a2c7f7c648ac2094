// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.observe;

import io.vfio4j.conformance.setup.DeviceInfos;
import io.vfio4j.conformance.setup.DeviceUse;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigrationFeatures;

/**
 * All that can be seen of a device in use at one time.
 *
 * @param configSpace its content, which is not changed
 */
@SuppressWarnings("ArrayRecordComponent") // Snapshots are compared by their parts.
record Snapshot(DeviceState state, DeviceUse use, MigrationFeatures features, DeviceInfos infos,
    byte[] configSpace) {
}
