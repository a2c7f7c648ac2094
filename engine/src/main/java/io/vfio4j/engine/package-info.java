// SPDX-License-Identifier: Apache-2.0
/**
 * What a caller passes to a migration and gets from it: devices and memory ({@link io.vfio4j.engine.DeviceSet}), the
 * {@link io.vfio4j.engine.Workload}, {@link io.vfio4j.engine.MigrationOptions options} and a
 * {@link io.vfio4j.engine.Journal}; {@link io.vfio4j.engine.MigrationEvent events}, reports and the
 * {@link io.vfio4j.engine.MigrationException}.
 *
 * <p>
 * The entry points are in {@code io.vfio4j.engine.migration} (both sides of a migration) and
 * {@code io.vfio4j.engine.file} (saving to a file and restoring from it).
 */
@NullMarked
package io.vfio4j.engine;

import org.jspecify.annotations.NullMarked;
