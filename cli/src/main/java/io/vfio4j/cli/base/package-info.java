// SPDX-License-Identifier: Apache-2.0
/** What every command uses: output, exit codes, option values, child processes and termination by signals. */
@NullMarked
package io.vfio4j.cli.base;

import org.jspecify.annotations.NullMarked;
