// SPDX-License-Identifier: Apache-2.0
/**
 * Checks that a device follows the migration protocol: {@link io.vfio4j.conformance.ConformanceSuite}.
 *
 * <p>
 * Each check sees a {@link io.vfio4j.model.MigratableDevice} and, where one exists, its {@link
 * io.vfio4j.model.DeviceProbe}; it does not know what kind of device it is.
 */
@NullMarked
package io.vfio4j.conformance;

import org.jspecify.annotations.NullMarked;
