// SPDX-License-Identifier: Apache-2.0
/**
 * Moves a running device, with its state, from one {@link io.vfio4j.model.MigratableDevice} to another.
 *
 * <p>
 * Each side is run by one thread: {@link io.vfio4j.engine.migration.MigrationSource} reads the state out,
 * {@link io.vfio4j.engine.migration.MigrationTarget} writes it in, and a {@link io.vfio4j.engine.Transport} lies
 * between. {@link io.vfio4j.engine.migration.LocalMigration} does both in one process. Ownership passes in four
 * steps: the target has
 * <em>loaded</em>, the source says <em>yours</em>, the target is in RUNNING, the target has
 * <em>confirmed</em>. Before <em>yours</em> every failure ends with the source running again; after it only
 * the target's word counts.
 *
 * <p>
 * The format of the stream is described in {@code docs/migration-stream.md}.
 */
@NullMarked
package io.vfio4j.engine;

import org.jspecify.annotations.NullMarked;
