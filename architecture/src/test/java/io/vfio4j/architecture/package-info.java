// SPDX-License-Identifier: Apache-2.0
/** Tests of the structure of all modules. */
@NullMarked
package io.vfio4j.architecture;

import org.jspecify.annotations.NullMarked;
