// SPDX-License-Identifier: Apache-2.0
/** Native access for modules that are loaded when they are needed. For the commands alone: whoever may call this may give it away. */
@NullMarked
package io.vfio4j.linux.modules;

import org.jspecify.annotations.NullMarked;
