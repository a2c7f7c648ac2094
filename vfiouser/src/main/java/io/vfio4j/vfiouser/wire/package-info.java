@NullMarked
package io.vfio4j.vfiouser.wire;

import org.jspecify.annotations.NullMarked;
