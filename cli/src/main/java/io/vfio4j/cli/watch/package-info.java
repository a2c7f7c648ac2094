// SPDX-License-Identifier: Apache-2.0
/** Reports of a migration besides the output of the command: an events file, metrics and an HTML page. */
@NullMarked
package io.vfio4j.cli.watch;

import org.jspecify.annotations.NullMarked;
