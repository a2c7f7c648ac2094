// SPDX-License-Identifier: Apache-2.0
/** The {@code simulate} command: compares switchover policies for synthetic or recorded dirty rates. */
@NullMarked
package io.vfio4j.cli.simulate;

import org.jspecify.annotations.NullMarked;
