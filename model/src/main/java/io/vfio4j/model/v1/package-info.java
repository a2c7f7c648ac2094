@NullMarked
package io.vfio4j.model.v1;

import org.jspecify.annotations.NullMarked;
