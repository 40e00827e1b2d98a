/*! Made by `make chatkit`: the sources are beside this folder. */
import{WidgetView as s}from"../widgets/index.js";var t=class{constructor(e,i){this.view=new s(e,i),this.element=this.view.element}update(e){this.view.update(e.widget,e)}destroy(){this.view.destroy()}};export{t as WidgetItemView};
