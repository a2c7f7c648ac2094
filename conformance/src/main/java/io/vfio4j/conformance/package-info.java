// SPDX-License-Identifier: Apache-2.0
/**
 * Judges whether a device migrates as the protocol says: {@link io.vfio4j.conformance.ConformanceSuite}.
 *
 * <p>
 * A check sees a {@link io.vfio4j.model.MigratableDevice} and, where there is one, a
 * {@link io.vfio4j.model.DeviceProbe}; it does not know what kind of device it judges.
 */
@NullMarked
package io.vfio4j.conformance;

import org.jspecify.annotations.NullMarked;
