// SPDX-License-Identifier: Apache-2.0
/** {@code vfio4j simulate}: policies compared over made-up or recorded dirty rates. */
@NullMarked
package io.vfio4j.cli.simulate;

import org.jspecify.annotations.NullMarked;
