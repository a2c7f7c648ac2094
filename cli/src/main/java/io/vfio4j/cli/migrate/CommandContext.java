// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.migrate;

import io.vfio4j.cli.base.Output;
import io.vfio4j.cli.watch.MigrationMonitor;
import io.vfio4j.engine.MigrationOptions;

/**
 * What the steps of a command that migrates, saves or restores share.
 *
 * @param options the options of the migration
 * @param monitor receives events and the result
 * @param output the output of the command
 */
record CommandContext(MigrationOptions options, MigrationMonitor monitor, Output output) {
}
