@NullMarked
package io.vfio4j.vfiouser.device;

import org.jspecify.annotations.NullMarked;
