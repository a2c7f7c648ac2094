// SPDX-License-Identifier: Apache-2.0
/** The command that shows the files that vfio4j writes. */
@NullMarked
package io.vfio4j.cli.inspect;

import org.jspecify.annotations.NullMarked;
