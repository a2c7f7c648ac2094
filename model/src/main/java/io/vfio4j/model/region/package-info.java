// SPDX-License-Identifier: Apache-2.0
/**
 * Both sides of the migration region of version 1: {@link io.vfio4j.model.region.MigrationRegion} for a
 * device, {@link io.vfio4j.model.region.RegionMigratableDevice} for its user.
 */
@NullMarked
package io.vfio4j.model.region;

import org.jspecify.annotations.NullMarked;
